/**
 * How far generated images lie from real ones, as the Fréchet distance between two Gaussians fitted to features of
 * both. With features of an Inception network this is the FID; with any others it is a number of its own kind, to be
 * compared with such numbers of the same features and the same count of samples only: with few samples the distance
 * comes out too large.
 *
 * Source: Dowson and Landau, "The Fréchet distance between multivariate normal distributions", Journal of Multivariate
 * Analysis 12, 1982, equation 16.
 */
import { symmetricEigen } from './eigen.ts';

/** Mean and covariance of some features. */
export interface Gaussian {
  /** `[dimensions]`. */
  readonly mean: Float64Array;
  /** `[dimensions, dimensions]`. */
  readonly covariance: Float64Array;
}

/**
 * Fits a Gaussian: the mean, and the covariance with n - 1 as divisor.
 *
 * @param samples `[count, dimensions]`, row by row.
 * @throws RangeError if they are no whole rows, fewer than two, or not finite.
 */
export function fitGaussian(samples: Float32Array | Float64Array, dimensions: number): Gaussian {
  const count = samples.length / dimensions;
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(`${samples.length} elements are not two or more samples of ${dimensions} dimensions`);
  }
  const mean = new Float64Array(dimensions);
  for (let index = 0; index < samples.length; index++) mean[index % dimensions] += samples[index];
  for (let i = 0; i < dimensions; i++) mean[i] /= count;
  if (!mean.every(Number.isFinite)) throw new RangeError('samples that are not finite have no distance');
  const covariance = new Float64Array(dimensions * dimensions);
  const centred = new Float64Array(dimensions);
  for (let start = 0; start < samples.length; start += dimensions) {
    for (let i = 0; i < dimensions; i++) centred[i] = samples[start + i] - mean[i];
    for (let i = 0; i < dimensions; i++) {
      for (let j = 0; j <= i; j++) covariance[i * dimensions + j] += centred[i] * centred[j];
    }
  }
  for (let i = 0; i < dimensions; i++) {
    for (let j = 0; j <= i; j++) {
      covariance[j * dimensions + i] = covariance[i * dimensions + j] /= count - 1;
    }
  }
  return { mean, covariance };
}

/**
 * `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`, the squared distance that is reported as "Fréchet distance" for images.
 * It is 0 for equal Gaussians and the same when the two are exchanged, and any covariance may be singular.
 *
 * `C1 C2` is not symmetric. With `C1 = F F^T`, where F is made of eigenvectors and roots of eigenvalues, it has the
 * non-zero eigenvalues of the symmetric `F^T C2 F`, and the trace of its root is the sum of their roots. Eigenvalues
 * that rounding made negative count as 0.
 *
 * @throws RangeError if the Gaussians differ in dimensions.
 */
export function frechetDistance(real: Gaussian, generated: Gaussian): number {
  const dimensions = real.mean.length;
  if (generated.mean.length !== dimensions) {
    throw new RangeError(`Gaussians of ${dimensions} and ${generated.mean.length} dimensions have no distance`);
  }
  let distance = 0;
  for (let i = 0; i < dimensions; i++) {
    const apart = real.mean[i] - generated.mean[i];
    // `** 2` is a power, whose last bit differs between engines.
    distance += apart * apart;
    distance += real.covariance[i * dimensions + i] + generated.covariance[i * dimensions + i];
  }
  const { values } = symmetricEigen(
    sandwich(factorRows(real.covariance, dimensions), generated.covariance),
    dimensions,
  );
  for (const value of values) distance -= 2 * rootOf(value);
  return Math.max(0, distance);
}

/** Rows of `F^T`: eigenvectors, each times the root of its eigenvalue. */
function factorRows(covariance: Float64Array, dimensions: number): Float64Array {
  const { values, vectors } = symmetricEigen(covariance, dimensions);
  return vectors.map((element, index) => element * rootOf(values[Math.floor(index / dimensions)]));
}

/** `rows covariance rows^T`, and symmetric to the last bit. */
function sandwich(rows: Float64Array, covariance: Float64Array): Float64Array {
  const size = Math.sqrt(covariance.length);
  const half = productWithTransposed(rows, covariance, size);
  const whole = productWithTransposed(half, rows, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (whole[i * size + j] + whole[j * size + i]) / 2;
      whole[i * size + j] = whole[j * size + i] = mean;
    }
  }
  return whole;
}

/** `a b^T`, all of `[size, size]`. */
function productWithTransposed(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += a[i * size + k] * b[j * size + k];
      product[i * size + j] = sum;
    }
  }
  return product;
}

function rootOf(value: number): number {
  return Math.sqrt(Math.max(0, value));
}
