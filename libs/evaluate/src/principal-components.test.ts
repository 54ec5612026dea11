import { describe, expect, it } from 'vitest';
import { fitGaussian } from './frechet.ts';
import { IMAGE_BYTES, principalComponents, project } from './principal-components.ts';

/** Images black but for three groups of pixels that light up independently, each with its own strength. */
function images(count: number): Uint8Array {
  const bytes = new Uint8Array(count * IMAGE_BYTES);
  for (let index = 0; index < count; index++) {
    const start = index * IMAGE_BYTES;
    bytes.fill(index % 2 === 0 ? 200 : 0, start + 100, start + 104);
    bytes.fill(index % 4 < 2 ? 90 : 10, start + 300, start + 304);
    bytes[start + 700] = index % 8 < 4 ? 60 : 50;
  }
  return bytes;
}

describe('principalComponents', () => {
  const count = 64;
  const { mean, directions, variances, totalVariance } = principalComponents(images(count), 3);
  /** Variance, with n - 1, of a pixel that takes two values equally often. */
  const variance = (a: number, b: number) => (((a - b) / 2 / 255) ** 2 * count) / (count - 1);

  it('finds the groups of pixels that vary together, the strongest first', () => {
    expect(variances[0]).toBeCloseTo(4 * variance(200, 0), 12);
    expect(variances[1]).toBeCloseTo(4 * variance(90, 10), 12);
    expect(variances[2]).toBeCloseTo(variance(60, 50), 12);
    expect(totalVariance).toBeCloseTo(variances[0] + variances[1] + variances[2], 12);
    for (const [pixel, component, size] of [
      [100, 0, 0.5],
      [303, 1, 0.5],
      [700, 2, 1],
    ]) {
      expect(Math.abs(directions[pixel * 3 + component])).toBeCloseTo(size, 10);
    }
    expect(directions[101 * 3 + 1]).toBeCloseTo(0, 10);
    expect(mean[100]).toBeCloseTo(100 / 255, 14);
    expect(mean[0]).toBe(0);
  });

  it('gives features around 0 with these variances, and none in common', () => {
    const components = { mean, directions, variances, totalVariance };
    const features = project(images(count), components);
    expect(features).toHaveLength(count * 3);
    const fitted = fitGaussian(features, 3);
    for (let i = 0; i < 3; i++) {
      expect(fitted.mean[i]).toBeCloseTo(0, 12);
      for (let j = 0; j < 3; j++) expect(fitted.covariance[i * 3 + j]).toBeCloseTo(i === j ? variances[i] : 0, 12);
    }
    const black = project(new Uint8Array(IMAGE_BYTES), components);
    expect(Math.abs(black[0])).toBeCloseTo((4 * 0.5 * 100) / 255, 12);
  });

  it('refuses what are no images, and more components than pixels', () => {
    expect(() => principalComponents(new Uint8Array(IMAGE_BYTES), 1)).toThrow('two or more images');
    expect(() => principalComponents(images(2), 785)).toThrow('785');
    expect(() => project(new Uint8Array(5), { mean, directions, variances, totalVariance })).toThrow('5 bytes');
  });
});
