import { fillNormal } from '@gradcast/random';
import { describe, expect, it } from 'vitest';
import { fitGaussian, frechetDistance, type Gaussian } from './frechet.ts';

/** Normal numbers, `[count, dimensions]`, each dimension spread by its own factor and mixed into the next. */
function samples(count: number, { dimensions, seed }: { dimensions: number; seed: number }): Float32Array {
  const drawn = new Float32Array(count * dimensions);
  fillNormal(drawn, { seed, stream: 1 });
  return drawn.map((value, index) => value * (1 + (index % dimensions)) + (index > 0 ? drawn[index - 1] / 2 : 0));
}

function gaussian(mean: number[], covariance: number[]): Gaussian {
  return { mean: Float64Array.from(mean), covariance: Float64Array.from(covariance) };
}

describe('fitGaussian', () => {
  it('is the mean and the covariance with n - 1', () => {
    const { mean, covariance } = fitGaussian(Float64Array.of(1, 10, 2, 30, 6, 20), 2);
    expect(mean).toEqual(Float64Array.of(3, 20));
    expect(covariance).toEqual(Float64Array.of(7, 5, 5, 100));
  });

  it('refuses what is no two samples', () => {
    expect(() => fitGaussian(Float64Array.of(1, 2, 3), 2)).toThrow('3 elements');
    expect(() => fitGaussian(Float64Array.of(1, 2), 2)).toThrow('two or more');
    expect(() => fitGaussian(Float64Array.of(1, NaN), 1)).toThrow('not finite');
  });
});

describe('frechetDistance', () => {
  it('is |m1 - m2|^2 + (s1 - s2)^2 in one dimension', () => {
    expect(frechetDistance(gaussian([1], [9]), gaussian([4], [25]))).toBeCloseTo(9 + 4, 12);
  });

  it('adds up over dimensions where covariances are diagonal, turned or not', () => {
    const one = gaussian([0, 0], [4, 0, 0, 1]);
    const other = gaussian([1, 2], [1, 0, 0, 9]);
    expect(frechetDistance(one, other)).toBeCloseTo(1 + 4 + (2 - 1) ** 2 + (1 - 3) ** 2, 12);
    // Both turned by 45 degrees: C = R diag(a, b) R^T has (a + b) / 2 on the diagonal and (a - b) / 2 beside it.
    const turned = gaussian([0, 0], [2.5, 1.5, 1.5, 2.5]);
    const turnedOther = gaussian([(1 - 2) * Math.SQRT1_2, (1 + 2) * Math.SQRT1_2], [5, -4, -4, 5]);
    expect(frechetDistance(turned, turnedOther)).toBeCloseTo(frechetDistance(one, other), 12);
  });

  it('takes covariances that do not commute', () => {
    // tr sqrt(C1 C2) of 2 by 2 is sqrt(tr(C1 C2) + 2 sqrt(det(C1 C2))); here tr = 2*3 + 2*1*1 + 1*2 = 10, det = 1*5.
    const distance = frechetDistance(gaussian([0, 0], [2, 1, 1, 1]), gaussian([0, 0], [3, 1, 1, 2]));
    expect(distance).toBeCloseTo(3 + 5 - 2 * Math.sqrt(10 + 2 * Math.sqrt(5)), 12);
  });

  it('is 0 for the same and symmetric for others', () => {
    const a = fitGaussian(samples(500, { dimensions: 8, seed: 1 }), 8);
    const b = fitGaussian(samples(400, { dimensions: 8, seed: 2 }), 8);
    expect(frechetDistance(a, a)).toBeLessThan(1e-10);
    expect(frechetDistance(a, b)).toBeGreaterThan(0.01);
    expect(frechetDistance(a, b)).toBeCloseTo(frechetDistance(b, a), 10);
  });

  it('takes a singular covariance, as of features that never vary', () => {
    expect(frechetDistance(gaussian([0, 0], [4, 0, 0, 0]), gaussian([0, 0], [0, 0, 0, 9]))).toBeCloseTo(13, 12);
    expect(frechetDistance(gaussian([0], [0]), gaussian([2], [0]))).toBe(4);
  });

  it('falls towards 0 as samples of one distribution grow in number', () => {
    const truth = fitGaussian(samples(40_000, { dimensions: 6, seed: 3 }), 6);
    const distances = [50, 500, 5000].map((count) =>
      frechetDistance(truth, fitGaussian(samples(count, { dimensions: 6, seed: 4 }), 6)),
    );
    expect(distances[1]).toBeLessThan(distances[0]);
    expect(distances[2]).toBeLessThan(distances[1]);
  });

  it('refuses Gaussians of different dimensions', () => {
    expect(() => frechetDistance(gaussian([0], [1]), gaussian([0, 0], [1, 0, 0, 1]))).toThrow('1 and 2 dimensions');
  });
});
