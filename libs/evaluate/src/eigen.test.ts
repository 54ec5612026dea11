import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symmetricEigen } from './eigen.ts';

const elements = fc.double({ min: -100, max: 100, noNaN: true });
const symmetric = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.array(elements, { minLength: size * size, maxLength: size * size }).map((drawn) => {
    const matrix = Float64Array.from(drawn, (_, index) => {
      const [row, column] = [Math.floor(index / size), index % size];
      return drawn[Math.max(row, column) * size + Math.min(row, column)];
    });
    return { size, matrix };
  }),
);

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index], 0);
}

describe('symmetricEigen', () => {
  it('knows a matrix that can be done by hand', () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
    expect(values[0]).toBeCloseTo(3, 14);
    expect(values[1]).toBeCloseTo(1, 14);
    expect(Math.abs(vectors[0])).toBeCloseTo(Math.SQRT1_2, 14);
    expect(vectors[0]).toBeCloseTo(vectors[1], 14);
    expect(vectors[2]).toBeCloseTo(-vectors[3], 14);
  });

  it('has the eigenvalues of the second difference, 2 - 2 cos(k pi / (n + 1))', () => {
    const size = 40;
    const matrix = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      matrix[i * size + i] = 2;
      if (i > 0) matrix[i * size + i - 1] = matrix[(i - 1) * size + i] = -1;
    }
    const { values } = symmetricEigen(matrix, size);
    for (const [index, value] of values.entries()) {
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((size - index) * Math.PI) / (size + 1)), 12);
    }
  });

  it('takes any symmetric matrix apart, and back together', () => {
    fc.assert(
      fc.property(symmetric, ({ size, matrix }) => {
        const before = matrix.slice();
        const { values, vectors } = symmetricEigen(matrix, size);
        expect(matrix).toEqual(before);
        const rows = Array.from({ length: size }, (_, k) => vectors.subarray(k * size, (k + 1) * size));
        for (let i = 0; i < size; i++) {
          if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
          for (let j = 0; j < size; j++) {
            expect(Math.abs(dot(rows[i], rows[j]) - (i === j ? 1 : 0))).toBeLessThan(1e-13);
            const again = rows.reduce((sum, row, k) => sum + values[k] * row[i] * row[j], 0);
            expect(Math.abs(again - matrix[i * size + j])).toBeLessThan(1e-10);
          }
        }
      }),
    );
  });

  it('takes zeros, equal eigenvalues and blocks that do not touch', () => {
    expect(symmetricEigen(new Float64Array(9), 3).values).toEqual(new Float64Array(3));
    expect(symmetricEigen(Float64Array.of(5, 0, 0, 0, 5, 0, 0, 0, 5), 3).values).toEqual(Float64Array.of(5, 5, 5));
    const blocks = Float64Array.of(2, 1, 0, 0, 1, 2, 0, 0, 0, 0, 2, 1, 0, 0, 1, 2);
    expect([...symmetricEigen(blocks, 4).values].map((value) => Math.round(value * 1e12) / 1e12)).toEqual([3, 3, 1, 1]);
  });

  it('takes elements whose squares overflow or underflow', () => {
    for (const factor of [1e-310, 1e-162, 1e160, 1e300]) {
      const matrix = Float64Array.of(0, 0, 1, 0, 0, 0, 1, 0, 0).map((element) => element * factor);
      const { values } = symmetricEigen(matrix, 3);
      expect(values[0] / factor).toBeCloseTo(1, 10);
      expect(values[1] / factor).toBeCloseTo(0, 10);
      expect(values[2] / factor).toBeCloseTo(-1, 10);
    }
    const faint = Float64Array.of(1, 0, 1e-160, 0, 1, 0, 1e-160, 0, 1);
    expect(symmetricEigen(faint, 3).values).toEqual(Float64Array.of(1, 1, 1));
  });

  it('refuses what is no such matrix', () => {
    expect(() => symmetricEigen(new Float64Array(5), 2)).toThrow('2 by 2');
    expect(() => symmetricEigen(Float64Array.of(1, NaN, NaN, 1), 2)).toThrow('not finite');
  });
});
