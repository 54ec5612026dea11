import { fillNormal } from '@gradcast/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { projectedRows, type ProjectedRows } from './lower-bounds.ts';
import { manifoldScores, radiiOf } from './manifold.ts';
import { rowsOf } from './products.ts';

/** Along the first axis, so that bounds are no distances where there are more dimensions. */
function projected(values: Float32Array | Float64Array, dimensions: number): ProjectedRows {
  const directions = new Float64Array(dimensions).fill(1, 0, 1);
  return projectedRows(rowsOf(values, dimensions), { origin: new Float64Array(dimensions), directions });
}

/** Points on a line at equal distances, so that every radius is known. */
const line = (count: number, { from = 0, step = 1 } = {}): ProjectedRows =>
  projected(
    Float64Array.from({ length: count }, (_, i) => from + i * step),
    1,
  );

function normal(count: number, { seed, shift = 0 }: { seed: number; shift?: number }) {
  const drawn = new Float32Array(count * 4);
  fillNormal(drawn, { seed, stream: 3 });
  return projected(
    drawn.map((value) => value + shift),
    4,
  );
}

describe('radiiOf', () => {
  it('are squared distances to the third and the fifth nearest other', () => {
    const { precision, density } = radiiOf(line(7));
    expect([...precision]).toEqual([9, 4, 4, 4, 4, 4, 9]);
    expect([...density]).toEqual([25, 16, 9, 9, 9, 16, 25]);
  });

  it('are what sorting all distances gives', () => {
    const points = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 12, maxLength: 40 });
    fc.assert(
      fc.property(points, (values) => {
        const even = values.slice(0, values.length - (values.length % 2));
        const count = even.length / 2;
        const { precision, density } = radiiOf(projected(Float64Array.from(even), 2));
        for (let i = 0; i < count; i++) {
          const sorted = Array.from({ length: count }, (_, j) => j)
            .filter((j) => j !== i)
            .map((j) => (even[2 * i] - even[2 * j]) ** 2 + (even[2 * i + 1] - even[2 * j + 1]) ** 2)
            .sort((a, b) => a - b);
          expect(precision[i]).toBe(sorted[2]);
          expect(density[i]).toBe(sorted[4]);
        }
      }),
      { examples: [[[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]] },
    );
  });

  it('need more than five samples', () => {
    expect(() => radiiOf(line(5))).toThrow('more than 5');
  });
});

describe('manifoldScores', () => {
  it('are all 1 for the same points, which is what it is for at least', () => {
    const { precision, recall, coverage, density } = manifoldScores(line(20), line(20));
    expect({ precision, recall, coverage }).toEqual({ precision: 1, recall: 1, coverage: 1 });
    // A ball reaches 3 to either side, and at the ends 5, 4 and 3 to one: it holds 7 points, of the last three on each side 6.
    expect(density).toBeCloseTo((14 * 7 + 6 * 6) / (5 * 20), 12);
  });

  it('are all 0 for sets that are far apart', () => {
    const far = manifoldScores(line(20), line(20, { from: 1000 }));
    expect(far).toEqual({ precision: 0, recall: 0, density: 0, coverage: 0 });
  });

  it('have precision without recall where one point is repeated, and density above 1 where many crowd', () => {
    const one = manifoldScores(line(100), line(50, { from: 50, step: 0 }));
    expect(one.precision).toBe(1);
    expect(one.recall).toBe(0.01);
    // Within three of it on either side.
    expect(one.coverage).toBe(0.07);
    expect(one.density).toBeCloseTo(7 / 5, 12);
  });

  it('have half the recall for half the manifold', () => {
    const half = manifoldScores(line(100), line(50));
    expect(half.precision).toBe(1);
    expect(half.recall).toBeCloseTo(0.53, 12);
    expect(half.coverage).toBeCloseTo(0.53, 12);
  });

  it('have recall without precision where a set spreads beyond the other', () => {
    const wide = manifoldScores(line(100, { from: 0, step: 0.01 }), line(100, { from: -50 }));
    expect(wide.precision).toBeLessThan(0.05);
    expect(wide.recall).toBe(1);
  });

  it('tell density and coverage of one distribution as the paper derives them: 1, and 1 - 2^-5 nearly', () => {
    const { density, coverage } = manifoldScores(normal(1500, { seed: 5 }), normal(1500, { seed: 6 }));
    expect(Math.abs(density - 1)).toBeLessThan(0.05);
    expect(Math.abs(coverage - (1 - 2 ** -5))).toBeLessThan(0.02);
  });

  it('stay within their bounds, and precision is recall the other way around', () => {
    const shifts = fc.double({ min: 0, max: 3, noNaN: true });
    fc.assert(
      fc.property(shifts, fc.integer({ min: 0, max: 999 }), (shift, seed) => {
        const [a, b] = [normal(30, { seed }), normal(24, { seed: seed + 1000, shift })];
        const [there, back] = [manifoldScores(a, b), manifoldScores(b, a)];
        expect(there.precision).toBe(back.recall);
        for (const score of [there.precision, there.recall, there.coverage]) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
        }
        expect(there.density).toBeLessThanOrEqual(a.rows.count / 5);
      }),
      { numRuns: 40 },
    );
  });
});
