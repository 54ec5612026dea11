/** Least squares: coefficients of a linear model, how well they fit, and what they leave over. */

type Rows = readonly (readonly number[])[];

export interface Fit {
  readonly coefficients: readonly number[];
  /** Share of the variance explained, of the unweighted values. */
  readonly r2: number;
  readonly predicted: readonly number[];
  readonly residuals: readonly number[];
}

export interface Line {
  readonly intercept: number;
  readonly slope: number;
  readonly r2: number;
}

/**
 * Fits `values[i] ≈ sum over j of coefficients[j] * rows[i][j]` by the normal equations; a column of ones is an
 * intercept. Rows may be weighted: with weight 1 / value the relative errors are made small.
 *
 * @throws RangeError if the rows do not determine the coefficients.
 */
export function leastSquares(rows: Rows, values: readonly number[], weights = values.map(() => 1)): Fit {
  const width = rows.at(0)?.length ?? 0;
  if (rows.length < width || width === 0) throw new RangeError('too few measurements for a fit');
  const weighted = rows.map((row, i) => row.map((entry) => entry * weights[i]));
  const wanted = values.map((value, i) => value * weights[i]);
  const matrix = Array.from({ length: width }, (_, a) => [
    ...Array.from({ length: width }, (_, b) => sum(weighted.map((row) => row[a] * row[b]))),
    sum(weighted.map((row, i) => row[a] * wanted[i])),
  ]);
  const coefficients = solve(matrix);
  const predicted = rows.map((row) => sum(row.map((entry, j) => entry * coefficients[j])));
  const residuals = values.map((value, i) => value - predicted[i]);
  const mean = sum(values) / values.length;
  const spread = sum(values.map((value) => (value - mean) ** 2));
  const left = sum(residuals.map((residual) => residual ** 2));
  return { coefficients, r2: spread === 0 ? 1 : 1 - left / spread, predicted, residuals };
}

/** As {@link leastSquares}, but a term that would come out negative is left out: its coefficient is 0. */
export function nonNegative(rows: Rows, values: readonly number[], weights?: number[]): Fit {
  const kept = (rows.at(0) ?? []).map((_, column) => column);
  for (;;) {
    const fit = leastSquares(
      rows.map((row) => kept.map((column) => row[column])),
      values,
      weights,
    );
    const least = Math.min(...fit.coefficients);
    if (least >= 0 || kept.length === 1) {
      const coefficients = rows[0].map((_, column) => {
        const place = kept.indexOf(column);
        return place < 0 ? 0 : fit.coefficients[place];
      });
      return { ...fit, coefficients };
    }
    kept.splice(fit.coefficients.indexOf(least), 1);
  }
}

/** A line through points: `value ≈ intercept + slope * place`. */
export function line(places: readonly number[], values: readonly number[]): Line {
  const { coefficients, r2 } = leastSquares(
    places.map((place) => [1, place]),
    values,
  );
  const [intercept, slope] = coefficients;
  return { intercept, slope, r2 };
}

/** Gauss-Jordan with pivots, on a matrix with the right side as its last column. */
function solve(matrix: number[][]): readonly number[] {
  const size = matrix.length;
  const scale = Math.max(...matrix.flat().map(Math.abs));
  for (let column = 0; column < size; column++) {
    const pivot = matrix.reduce(
      (best, row, index) => (index >= column && Math.abs(row[column]) > Math.abs(matrix[best][column]) ? index : best),
      column,
    );
    [matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]];
    if (!(Math.abs(matrix[column][column]) > scale * 1e-14)) {
      throw new RangeError('the measurements do not tell the terms apart');
    }
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const factor = matrix[row][column] / matrix[column][column];
      for (let entry = column; entry <= size; entry++) matrix[row][entry] -= factor * matrix[column][entry];
    }
  }
  return matrix.map((row, index) => row[size] / row[index]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
