import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { projectedRows } from './lower-bounds.ts';
import { NEAREST_SAMPLES, nearestFloor, nearestScores } from './nearest.ts';
import { rowsOf } from './products.ts';

const points = (...values: number[]) => onLine(Float64Array.from(values));
const onLine = (values: Float64Array) =>
  projectedRows(rowsOf(values, 1), { origin: Float64Array.of(2), directions: Float64Array.of(1) });

describe('nearestScores', () => {
  it('are mean distances, 0 for copies', () => {
    const [training, test] = [points(0, 10, 20), points(2, 13)];
    expect(nearestScores(points(0, 10), { training, test })).toEqual({ nearestTraining: 0, nearestTest: 2.5 });
    expect(nearestScores(points(2, 13), { training, test })).toEqual({ nearestTraining: 2.5, nearestTest: 0 });
    expect(nearestScores(points(-1), { training, test })).toEqual({ nearestTraining: 1, nearestTest: 3 });
  });

  it('look at the first samples alone', () => {
    const many = onLine(new Float64Array(NEAREST_SAMPLES + 50).fill(7, NEAREST_SAMPLES));
    const sets = { training: points(0, 100), test: points(1, 100) };
    expect(nearestScores(many, sets)).toEqual({ nearestTraining: 0, nearestTest: 1 });
  });

  it('never grow when a set does', () => {
    const numbers = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(numbers, numbers, numbers, (samples, few, more) => {
        const [s, small, large] = [points(...samples), points(...few), points(...few, ...more)];
        const { nearestTraining, nearestTest } = nearestScores(s, { training: large, test: small });
        expect(nearestTraining).toBeLessThanOrEqual(nearestTest);
        const mean = samples.reduce((sum, x) => sum + Math.min(...few.map((y) => Math.abs(x - y))), 0) / samples.length;
        expect(nearestTest).toBeCloseTo(mean, 10);
      }),
    );
  });
});

describe('nearestFloor', () => {
  it('is that of test images, none of which is a neighbour of its own', () => {
    expect(nearestFloor({ training: points(0, 10), test: points(1, 4, 9) })).toEqual({
      nearestTraining: (1 + 4 + 1) / 3,
      nearestTest: (3 + 3 + 5) / 3,
    });
    expect(() => nearestFloor({ training: points(0, 10), test: points(1) })).toThrow('two images');
  });
});
