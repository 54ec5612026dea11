import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eachProducts, firstRows, rowsOf } from './products.ts';

const matrix = (dimensions: number) =>
  fc
    .integer({ min: 1, max: 14 })
    .chain((count) =>
      fc.array(fc.double({ min: -9, max: 9, noNaN: true }), {
        minLength: count * dimensions,
        maxLength: count * dimensions,
      }),
    )
    .map((values) => Float64Array.from(values));
const pairs = fc
  .integer({ min: 1, max: 9 })
  .chain((dimensions) =>
    fc.record({ dimensions: fc.constant(dimensions), x: matrix(dimensions), y: matrix(dimensions) }),
  );

describe('eachProducts', () => {
  it('has every product, summed over the dimensions in order', () => {
    fc.assert(
      fc.property(pairs, ({ dimensions, x, y }) => {
        const [a, b] = [rowsOf(x, dimensions), rowsOf(y, dimensions)];
        const seen: number[] = [];
        eachProducts({ a, b }, (row, products) => {
          seen.push(row);
          for (let column = 0; column < b.count; column++) {
            let sum = 0;
            for (let k = 0; k < dimensions; k++) sum += x[row * dimensions + k] * y[column * dimensions + k];
            expect(products[column]).toBe(sum);
          }
        });
        expect(seen).toEqual(Array.from({ length: a.count }, (_, row) => row));
      }),
    );
  });

  it('leaves out what symmetry tells, and makes equal rows exactly 0 apart', () => {
    fc.assert(
      fc.property(pairs, ({ dimensions, x }) => {
        const rows = rowsOf(x, dimensions);
        const whole: number[][] = [];
        eachProducts({ a: rows, b: rows }, (_, products) => void whole.push([...products]));
        eachProducts({ a: rows, b: rows, upper: true }, (row, products) => {
          expect([...products.subarray(row)]).toEqual(whole[row].slice(row));
          expect(2 * rows.squaredLengths[row] - 2 * products[row]).toBe(0);
        });
      }),
    );
  });

  it('refuses rows of other dimensions, and what are no rows', () => {
    const [two, three] = [rowsOf(new Float32Array(6), 2), rowsOf(new Float32Array(6), 3)];
    expect(() => eachProducts({ a: two, b: three }, () => undefined)).toThrow('2 and of 3 dimensions');
    expect(() => rowsOf(new Float32Array(5), 2)).toThrow('no rows of 2');
    expect(() => rowsOf(new Float32Array(0), 2)).toThrow('no rows of 2');
    expect(() => rowsOf(Float32Array.of(1, NaN), 2)).toThrow('not finite');
    expect(firstRows(two, 2)).toEqual(rowsOf(new Float32Array(4), 2));
    expect(firstRows(two, 9).count).toBe(3);
  });
});
