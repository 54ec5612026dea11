/**
 * Eigenvalues and eigenvectors of a dense symmetric matrix, all of them, in double precision: what principal components
 * and square roots of covariances are made from. A matrix of 784 by 784 takes some seconds.
 *
 * Source: reduction to tridiagonal form by Householder reflections, then implicit QL steps; Wilkinson and Reinsch,
 * "Handbook for Automatic Computation, Volume II: Linear Algebra", 1971, contributions II/2 and II/4. Matrices are kept
 * so that every inner loop runs along a row.
 */

/** What a symmetric matrix is made of: `matrix = sum over k of values[k] * vectors[k]^T vectors[k]`. */
export interface SymmetricEigen {
  /** `[size]`, the largest first. */
  readonly values: Float64Array;
  /** `[size, size]`; row k is the eigenvector of `values[k]`, of length 1, its sign arbitrary. */
  readonly vectors: Float64Array;
}

/** QL steps for one eigenvalue; two are usual, and what needs so many more holds something that is no number. */
const MAX_STEPS = 64;

/** Squared length of a column that counts as zero beside elements of 1; a smaller one would have an infinite inverse. */
const ZERO = 2 ** -900;

/**
 * @param matrix `[size, size]`, symmetric; left as it is.
 * @throws RangeError if it does not have `size * size` elements or is not finite.
 */
export function symmetricEigen(matrix: Float64Array, size: number): SymmetricEigen {
  if (matrix.length !== size * size) throw new RangeError(`${matrix.length} elements are no ${size} by ${size} matrix`);
  if (!matrix.every(Number.isFinite)) throw new RangeError('a matrix that is not finite has no eigenvalues');
  // With 1 as the largest element no square overflows, and what underflows does not matter.
  const scale = matrix.reduce((max, element) => Math.max(max, Math.abs(element)), 0) || 1;
  const { diagonal, beside, rows } = tridiagonal(
    matrix.map((element) => element / scale),
    size,
  );
  diagonalize(diagonal, beside, rows);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b] - diagonal[a]);
  const vectors = new Float64Array(size * size);
  for (const [place, from] of order.entries()) vectors.set(rows[from], place * size);
  return { values: Float64Array.from(order, (from) => scale * diagonal[from]), vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Element i stands between `diagonal[i]` and `diagonal[i + 1]`; the last is 0. */
  readonly beside: Float64Array;
  /** Rows of the orthogonal Z with `Z^T (tridiagonal) Z = matrix`. */
  readonly rows: Float64Array[];
}

/** Reflects one column after the other onto its first element below the diagonal. Overwrites the matrix. */
function tridiagonal(matrix: Float64Array, size: number): Tridiagonal {
  const a = Array.from({ length: size }, (_, row) => matrix.subarray(row * size, (row + 1) * size));
  const beside = new Float64Array(size);
  const reflections: { normal: Float64Array; scale: number }[] = [];
  for (let k = 0; k < size - 1; k++) {
    const normal = new Float64Array(size);
    normal.set(a[k].subarray(k + 1), k + 1);
    const length = Math.sqrt(dot(normal, normal, k + 1));
    // The sign for which nothing cancels.
    beside[k] = normal[k + 1] > 0 ? -length : length;
    normal[k + 1] -= beside[k];
    const square = dot(normal, normal, k + 1);
    const scale = square > ZERO ? 2 / square : 0;
    reflections.push({ normal, scale });
    if (scale > 0) reflectBothSides(a, normal, { scale, from: k + 1 });
    else beside[k] = 0;
  }
  const diagonal = Float64Array.from(a, (row, k) => row[k]);
  const rows = Array.from({ length: size }, (_, k) => new Float64Array(size).fill(1, k, k + 1));
  for (let k = size - 2; k >= 0; k--) {
    const { normal, scale } = reflections[k];
    for (let row = k + 1; row < size; row++) {
      addScaled(rows[row], normal, { factor: -scale * dot(rows[row], normal, k + 1), from: k + 1 });
    }
  }
  return { diagonal, beside, rows };
}

/** `H a H` with `H = 1 - scale * normal normal^T`, over rows and columns from `from` on. */
function reflectBothSides(a: Float64Array[], normal: Float64Array, { scale, from }: { scale: number; from: number }) {
  const product = new Float64Array(normal.length);
  for (let row = from; row < a.length; row++) product[row] = scale * dot(a[row], normal, from);
  addScaled(product, normal, { factor: (-scale / 2) * dot(product, normal, from), from });
  for (let row = from; row < a.length; row++) {
    addScaled(a[row], product, { factor: -normal[row], from });
    addScaled(a[row], normal, { factor: -product[row], from });
  }
}

/** Turns the tridiagonal matrix into a diagonal one, and with it the rows into eigenvectors. */
function diagonalize(diagonal: Float64Array, beside: Float64Array, rows: Float64Array[]): void {
  const size = diagonal.length;
  // Below this an element is lost in the rounding of the reflections.
  const negligible =
    Number.EPSILON * diagonal.reduce((max, d, i) => Math.max(max, Math.abs(d) + Math.abs(beside[i])), 0);
  for (let first = 0; first < size; first++) {
    for (let steps = 0; ; steps++) {
      let last = first;
      while (last < size - 1 && Math.abs(beside[last]) > negligible) last++;
      if (last === first) break;
      if (steps === MAX_STEPS) throw new RangeError('the eigenvalues do not converge');
      stepQl(diagonal, beside, { first, last, rows });
    }
  }
}

/** One implicit QL step over the block from `first` to `last`, shifted by an eigenvalue of its first two rows. */
function stepQl(
  diagonal: Float64Array,
  beside: Float64Array,
  { first, last, rows }: { first: number; last: number; rows: Float64Array[] },
): void {
  const slope = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first]);
  const root = Math.sqrt(slope * slope + 1);
  let g = diagonal[last] - diagonal[first] + beside[first] / (slope + (slope < 0 ? -root : root));
  let sine = 1;
  let cosine = 1;
  let moved = 0;
  for (let i = last - 1; i >= first; i--) {
    const f = sine * beside[i];
    const b = cosine * beside[i];
    const r = Math.sqrt(f * f + g * g);
    beside[i + 1] = r;
    if (r === 0) {
      // The block falls into two.
      diagonal[i + 1] -= moved;
      beside[last] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    const shifted = diagonal[i + 1] - moved;
    const step = (diagonal[i] - shifted) * sine + 2 * cosine * b;
    moved = sine * step;
    diagonal[i + 1] = shifted + moved;
    g = cosine * step - b;
    rotate(rows[i], rows[i + 1], { sine, cosine });
  }
  diagonal[first] -= moved;
  beside[first] = g;
  beside[last] = 0;
}

function rotate(upper: Float64Array, lower: Float64Array, { sine, cosine }: { sine: number; cosine: number }): void {
  for (let k = 0; k < upper.length; k++) {
    const f = lower[k];
    lower[k] = sine * upper[k] + cosine * f;
    upper[k] = cosine * upper[k] - sine * f;
  }
}

function dot(a: Float64Array, b: Float64Array, from: number): number {
  let sum = 0;
  for (let k = from; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

function addScaled(to: Float64Array, of: Float64Array, { factor, from }: { factor: number; from: number }): void {
  for (let k = from; k < to.length; k++) to[k] += factor * of[k];
}
