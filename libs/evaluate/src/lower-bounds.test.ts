import { fillNormal } from '@gradcast/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitGaussian } from './frechet.ts';
import { eachLowerBounds, firstProjected, projectedRows, squaredDistance, widestDirections } from './lower-bounds.ts';
import { DENSITY_NEIGHBOUR, manifoldScores, PRECISION_NEIGHBOUR, radiiOf } from './manifold.ts';
import { nearestFloor, nearestScores } from './nearest.ts';
import { eachProducts, rowsOf, type Rows } from './products.ts';

const DIMENSIONS = 40;

/** Clusters that reach into few dimensions more than into others, as features do, and some rows twice. */
function clustered(count: number, { seed, scale = 1 }: { seed: number; scale?: number }): Float32Array {
  const drawn = new Float32Array(count * DIMENSIONS);
  fillNormal(drawn, { seed, stream: 7 });
  const values = drawn.map((value, i) => {
    const [row, dimension] = [Math.floor(i / DIMENSIONS), i % DIMENSIONS];
    return scale * (value / (1 + dimension) + (row % 4 === dimension ? 9 : 0) + 3);
  });
  return values.copyWithin(DIMENSIONS * (count - 2), 0, DIMENSIONS * 2);
}

const sets = fc
  .record({
    seed: fc.nat({ max: 9999 }),
    scale: fc.constantFrom(1, 1e-6, 1e6),
    counts: fc.tuple(fc.integer({ min: 8, max: 60 }), fc.integer({ min: 8, max: 60 })),
    shift: fc.constantFrom(0, 0, 5, 1000),
  })
  .map(({ seed, scale, counts, shift }) => {
    const [x, y] = counts.map((count, i) => clustered(count, { seed: seed + i * 10_000, scale }));
    return { x, y: y.map((value) => value + scale * shift) };
  });

function projected({ x, y }: { readonly x: Float32Array; readonly y: Float32Array }) {
  const view = widestDirections(fitGaussian(x, DIMENSIONS));
  const [a, b] = [x, y].map((values) => projectedRows(rowsOf(values, DIMENSIONS), view));
  return { a, b };
}

/** `[a.count][b.count]`, all of them by the products of all. */
function allDistances(a: Rows, b: Rows): number[][] {
  const all: number[][] = [];
  eachProducts({ a, b }, (row, products) => {
    all.push(Array.from(products, (product, i) => a.squaredLengths[row] + b.squaredLengths[i] - 2 * product));
  });
  return all;
}

describe('eachLowerBounds', () => {
  it('has no bound above the distance, which has the bits of all products', () => {
    fc.assert(
      fc.property(sets, (both) => {
        const { a, b } = projected(both);
        const all = allDistances(a.rows, b.rows);
        const rows: number[] = [];
        eachLowerBounds({ a, b }, (row, bounds) => {
          rows.push(row);
          for (const [column, bound] of bounds.entries()) {
            expect(bound).toBeLessThanOrEqual(all[row][column]);
            expect(squaredDistance(a.rows, row, { b: b.rows, column })).toBe(all[row][column]);
          }
        });
        expect(rows).toEqual(Array.from(all.keys()));
      }),
      { numRuns: 60 },
    );
  });

  it('has bounds that tell clusters apart', () => {
    const values = clustered(80, { seed: 3 });
    const { a } = projected({ x: values, y: values });
    eachLowerBounds({ a, b: a }, (row, bounds) => {
      const other = (row + 1) % 78;
      expect(bounds[other]).toBeGreaterThan(0.9 * squaredDistance(a.rows, row, { b: a.rows, column: other }));
    });
  });

  it('refuses rows of other dimensions', () => {
    const one = projectedRows(rowsOf(Float32Array.of(1, 2), 1), {
      origin: new Float64Array(1),
      directions: new Float64Array(1),
    });
    const values = clustered(8, { seed: 1 });
    const { a } = projected({ x: values, y: values });
    expect(() => eachLowerBounds({ a, b: one }, () => undefined)).toThrow('no distances');
    const view = { origin: new Float64Array(3), directions: new Float64Array(3) };
    expect(() => projectedRows(a.rows, view)).toThrow('no projections');
    expect(firstProjected(a, 3)).toEqual(
      projectedRows(rowsOf(values.subarray(0, 3 * DIMENSIONS), DIMENSIONS), widestDirections(fitGaussian(values, 40))),
    );
  });
});

describe('what is searched with them', () => {
  const nth = (numbers: readonly number[], n: number) => Math.max(0, numbers.toSorted((p, q) => p - q)[n - 1]);
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const rootOf = (square: number) => Math.sqrt(Math.max(0, square));

  it('are the nearest neighbours among all, to the last bit', () => {
    fc.assert(
      fc.property(sets, (both) => {
        const { a, b } = projected(both);
        const [toTraining, toTest] = [allDistances(b.rows, a.rows), allDistances(b.rows, b.rows)];
        const nearest = (all: readonly number[][]) => mean(all.map((row) => rootOf(Math.min(...row))));
        expect(nearestScores(b, { training: a, test: b })).toEqual({
          nearestTraining: nearest(toTraining),
          nearestTest: nearest(toTest),
        });
        expect(nearestFloor({ training: a, test: b })).toEqual({
          nearestTraining: nearest(toTraining),
          nearestTest: nearest(toTest.map((row, i) => row.filter((_, other) => other !== i))),
        });
      }),
      { numRuns: 60 },
    );
  });

  it('are the balls of all distances, and what lies in them', () => {
    fc.assert(
      fc.property(sets, (both) => {
        const { a, b } = projected(both);
        const [within, withinB, between] = [
          allDistances(a.rows, a.rows),
          allDistances(b.rows, b.rows),
          allDistances(a.rows, b.rows),
        ];
        const radii = (all: readonly number[][], n: number) =>
          all.map((row, i) =>
            nth(
              row.filter((_, other) => other !== i),
              n,
            ),
          );
        const [balls, wideBalls] = [PRECISION_NEIGHBOUR, DENSITY_NEIGHBOUR].map((n) => radii(within, n));
        const reach = radii(withinB, PRECISION_NEIGHBOUR);
        expect(radiiOf(a)).toEqual({ precision: Float64Array.from(balls), density: Float64Array.from(wideBalls) });
        const count = (all: readonly boolean[]) => all.filter(Boolean).length;
        const columns = between[0].map((_, column) => between.map((row) => row[column]));
        const inside = between.map((row, i) => count(row.map((distance) => distance <= wideBalls[i])));
        expect(manifoldScores(a, b)).toEqual({
          precision: count(columns.map((column) => column.some((distance, i) => distance <= balls[i]))) / b.rows.count,
          recall: count(between.map((row) => row.some((distance, i) => distance <= reach[i]))) / a.rows.count,
          density: inside.reduce((sum, many) => sum + many, 0) / (DENSITY_NEIGHBOUR * b.rows.count),
          coverage: count(inside.map((many) => many > 0)) / a.rows.count,
        });
      }),
      { numRuns: 60 },
    );
  });
});
