/**
 * Inner products of all rows of one set with all rows of another, a few rows at a time: where the time of distances between
 * sets goes. Sums are double and run over the dimensions in order, so that the product of a row with itself is its squared
 * length to the last bit, and the distance of equal rows exactly 0.
 */

/** Rows of one set, `[count, dimensions]`, with what is needed of each row alone. */
export interface Rows {
  readonly values: Float64Array;
  readonly count: number;
  readonly dimensions: number;
  /** `[count]`. */
  readonly squaredLengths: Float64Array;
}

/** Rows and columns of a tile: as many sums as stay in registers. */
const TALL = 3;
const WIDE = 4;
/** Rows that meet four of the other set while these lie in the first cache: a multiple of {@link TALL}. */
const BLOCK = 12;

/**
 * @param values `[count, dimensions]`.
 * @throws RangeError if they are no whole rows, none, or not finite.
 */
export function rowsOf(values: Float32Array | Float64Array, dimensions: number): Rows {
  const count = values.length / dimensions;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${values.length} elements are no rows of ${dimensions} dimensions`);
  }
  const doubles = Float64Array.from(values);
  const squaredLengths = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    let sum = 0;
    for (let k = row * dimensions; k < (row + 1) * dimensions; k++) sum += doubles[k] * doubles[k];
    squaredLengths[row] = sum;
  }
  if (!squaredLengths.every(Number.isFinite)) throw new RangeError('rows that are not finite have no products');
  return { values: doubles, count, dimensions, squaredLengths };
}

/** The first rows of a set, or those from another one on: a view. */
export function firstRows({ values, count, dimensions, squaredLengths }: Rows, most: number, from = 0): Rows {
  const to = Math.min(count, from + most);
  return {
    values: values.subarray(from * dimensions, to * dimensions),
    count: to - from,
    dimensions,
    squaredLengths: squaredLengths.subarray(from, to),
  };
}

/**
 * Calls back for each row of `a`, in order, with its products with the rows of `b`; the array is written again afterwards.
 *
 * @param upper leaves out the products with rows of `b` before the row's own index: what is symmetric is needed once.
 * @throws RangeError if the rows differ in dimensions.
 */
export function eachProducts(
  { a, b, upper = false }: { readonly a: Rows; readonly b: Rows; readonly upper?: boolean },
  visit: (row: number, products: Float64Array) => void,
): void {
  if (a.dimensions !== b.dimensions) {
    throw new RangeError(`rows of ${a.dimensions} and of ${b.dimensions} dimensions have no products`);
  }
  const lines = Array.from({ length: Math.min(BLOCK, a.count) }, () => new Float64Array(b.count));
  for (let first = 0; first < a.count; first += BLOCK) {
    const rows = Math.min(BLOCK, a.count - first);
    const tall = rows - (rows % TALL);
    const from = upper ? first - (first % WIDE) : 0;
    const wide = b.count - ((b.count - from) % WIDE);
    for (let column = from; column < wide; column += WIDE) {
      for (let row = 0; row < tall; row += TALL) tile({ a, first, b, column }, row, lines);
    }
    for (let row = 0; row < rows; row++) {
      const rest = row < tall ? wide : from;
      for (let column = rest; column < b.count; column++) {
        lines[row][column] = productOf(a, first + row, { b, column });
      }
    }
    for (let row = 0; row < rows; row++) visit(first + row, lines[row]);
  }
}

/** The product of two rows: the bits that {@link eachProducts} has. */
export function productOf(
  { values: x, dimensions }: Rows,
  row: number,
  { b, column }: { b: Rows; column: number },
): number {
  const y = b.values;
  let sum = 0;
  for (let k = 0; k < dimensions; k++) sum += x[row * dimensions + k] * y[column * dimensions + k];
  return sum;
}

/** Three rows by four columns, each sum by itself. */
function tile(
  { a, first, b, column }: { readonly a: Rows; readonly first: number; readonly b: Rows; readonly column: number },
  row: number,
  lines: readonly Float64Array[],
): void {
  const { values: x, dimensions } = a;
  const y = b.values;
  const x0 = (first + row) * dimensions;
  const x1 = x0 + dimensions;
  const x2 = x1 + dimensions;
  const y0 = column * dimensions;
  const y1 = y0 + dimensions;
  const y2 = y1 + dimensions;
  const y3 = y2 + dimensions;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  for (let k = 0; k < dimensions; k++) {
    const p = x[x0 + k];
    const q = x[x1 + k];
    const r = x[x2 + k];
    const t = y[y0 + k];
    const u = y[y1 + k];
    const v = y[y2 + k];
    const w = y[y3 + k];
    s00 += p * t;
    s01 += p * u;
    s02 += p * v;
    s03 += p * w;
    s10 += q * t;
    s11 += q * u;
    s12 += q * v;
    s13 += q * w;
    s20 += r * t;
    s21 += r * u;
    s22 += r * v;
    s23 += r * w;
  }
  const upper = lines[row];
  const middle = lines[row + 1];
  const lower = lines[row + 2];
  upper[column] = s00;
  upper[column + 1] = s01;
  upper[column + 2] = s02;
  upper[column + 3] = s03;
  middle[column] = s10;
  middle[column + 1] = s11;
  middle[column + 2] = s12;
  middle[column + 3] = s13;
  lower[column] = s20;
  lower[column + 1] = s21;
  lower[column + 2] = s22;
  lower[column + 3] = s23;
}
