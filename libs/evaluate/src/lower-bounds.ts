/**
 * Lower bounds of the distances between two sets, from a few numbers of each row instead of all: where the nearest neighbours or
 * what lies within a ball are looked for, only the few pairs whose bound leaves it open are computed in full. So the results are
 * those of all distances, to the last bit.
 *
 * The numbers are a row's coordinates along a few orthonormal directions, and the length of what these leave of it. A distance
 * between them is at most the distance of the rows: coordinates by Pythagoras, lengths by the triangle inequality.
 *
 * Source: Faloutsos, Ranganathan and Manolopoulos, "Fast subsequence matching in time-series databases", SIGMOD 1994, lemma 1.
 */
import { symmetricEigen } from './eigen.ts';
import type { Gaussian } from './frechet.ts';
import { eachProducts, firstRows, productOf, rowsOf, type Rows } from './products.ts';

/** Directions that rows are projected onto. */
const DIRECTIONS = 16;

/**
 * Share of squared lengths that a bound is lowered by: thousands of times what rounding can come to in sums of some hundred
 * doubles, and nothing beside the distances themselves.
 */
const SLACK = 1e-9;

/** Where rows are seen from: any origin and any directions of length 1, orthogonal to each other, give bounds. */
export interface Directions {
  /** `[dimensions]`. */
  readonly origin: Float64Array;
  /** `[count, dimensions]`. */
  readonly directions: Float64Array;
}

/** Rows and what their distances are bounded by. */
export interface ProjectedRows {
  readonly rows: Rows;
  /** `[count, directions + 1]`: coordinates, and the length of the rest. */
  readonly projections: Rows;
  /** `[count]`: squared lengths of the projections, lowered by the row's part of the slack. */
  readonly lowered: Float64Array;
}

/** The directions in which a Gaussian is widest, up to sixteen. */
export function widestDirections({ mean, covariance }: Gaussian): Directions {
  const dimensions = mean.length;
  const { vectors } = symmetricEigen(covariance, dimensions);
  return { origin: mean, directions: vectors.subarray(0, Math.min(DIRECTIONS, dimensions) * dimensions) };
}

/**
 * @param view the same for all sets that are compared.
 * @throws RangeError if it has other dimensions.
 */
export function projectedRows(rows: Rows, { origin, directions }: Directions): ProjectedRows {
  const { count, dimensions, values, squaredLengths } = rows;
  if (origin.length !== dimensions) {
    throw new RangeError(`rows of ${dimensions} dimensions have no projections onto ${origin.length}`);
  }
  const many = directions.length / dimensions;
  const projected = new Float64Array(count * (many + 1));
  const rest = new Float64Array(dimensions);
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < dimensions; k++) rest[k] = values[row * dimensions + k] - origin[k];
    for (let direction = 0; direction < many; direction++) {
      projected[row * (many + 1) + direction] = takeOut(rest, directions, direction * dimensions);
    }
    // Of the rest itself: a difference of squares would have lost what a small rest has of digits.
    let square = 0;
    for (let k = 0; k < dimensions; k++) square += rest[k] * rest[k];
    projected[row * (many + 1) + many] = Math.sqrt(square);
  }
  const projections = rowsOf(projected, many + 1);
  const lowered = projections.squaredLengths.map((square, row) => square - SLACK * (square + squaredLengths[row]));
  return { rows, projections, lowered };
}

/** Subtracts the part of a vector along the direction that begins at `from`. @returns its coordinate. */
function takeOut(vector: Float64Array, directions: Float64Array, from: number): number {
  let along = 0;
  for (let k = 0; k < vector.length; k++) along += vector[k] * directions[from + k];
  for (let k = 0; k < vector.length; k++) vector[k] -= along * directions[from + k];
  return along;
}

/** The first rows of a set: a view. */
export function firstProjected({ rows, projections, lowered }: ProjectedRows, most: number): ProjectedRows {
  const few = firstRows(rows, most);
  return { rows: few, projections: firstRows(projections, most), lowered: lowered.subarray(0, few.count) };
}

/**
 * Calls back for each row of `a`, in order, with bounds of its squared distances to the rows of `b`: none is above what
 * {@link squaredDistance} gives. The array is written again afterwards.
 *
 * @param upper leaves out the bounds of rows of `b` before the row's own index.
 * @throws RangeError if the rows differ in dimensions.
 */
export function eachLowerBounds(
  { a, b, upper = false }: { readonly a: ProjectedRows; readonly b: ProjectedRows; readonly upper?: boolean },
  visit: (row: number, bounds: Float64Array) => void,
): void {
  if (a.rows.dimensions !== b.rows.dimensions) {
    throw new RangeError(`rows of ${a.rows.dimensions} and of ${b.rows.dimensions} dimensions have no distances`);
  }
  eachProducts({ a: a.projections, b: b.projections, upper }, (row, products) => {
    const own = a.lowered[row];
    for (let other = upper ? row : 0; other < products.length; other++) {
      products[other] = own + b.lowered[other] - 2 * products[other];
    }
    visit(row, products);
  });
}

/** The squared distance of two rows; what rounding made negative stays so. */
export function squaredDistance(a: Rows, row: number, { b, column }: { b: Rows; column: number }): number {
  return a.squaredLengths[row] + b.squaredLengths[column] - 2 * productOf(a, row, { b, column });
}
