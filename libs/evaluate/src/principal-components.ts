/**
 * The directions in which images of a data set differ most, as features that need no trained network.
 *
 * Source: Pearson, "On lines and planes of closest fit to systems of points in space", Philosophical Magazine 2, 1901.
 */
import { symmetricEigen } from './eigen.ts';

/** Pixels of the images that are looked at, which are MNIST's. */
export const IMAGE_BYTES = 28 * 28;

/** Pixels are taken as 0 to 1. */
const WHITE = 255;

/** The first components of some images. */
export interface PrincipalComponents {
  /** `[784]`, the mean image, 0 to 1. */
  readonly mean: Float64Array;
  /** `[784, count]`: column k is the k-th direction, of length 1. */
  readonly directions: Float64Array;
  /** `[count]`: the images' variance along each direction, the largest first. */
  readonly variances: Float64Array;
  /** Sum of the variances of all pixels: what share the components hold. */
  readonly totalVariance: number;
}

/**
 * Fits the first `count` principal components of images. All sums are of whole numbers and exact for up to 372,000
 * images. Takes some seconds for 60,000.
 *
 * @param images `[n, 28, 28]`, one byte per pixel.
 * @param count components, 1 to 784.
 * @throws RangeError if these are not two or more whole images, or `count` is out of range.
 */
export function principalComponents(images: Uint8Array, count: number): PrincipalComponents {
  const n = images.length / IMAGE_BYTES;
  if (!Number.isInteger(n) || n < 2) throw new RangeError(`${images.length} bytes are not two or more images`);
  if (!Number.isInteger(count) || count < 1 || count > IMAGE_BYTES) {
    throw new RangeError(`an image has 1 to ${IMAGE_BYTES} components, not ${count}`);
  }
  const { sums, products } = moments(images);
  const covariance = new Float64Array(IMAGE_BYTES * IMAGE_BYTES);
  for (let i = 0; i < IMAGE_BYTES; i++) {
    for (let j = 0; j <= i; j++) {
      const whole = n * products[i * IMAGE_BYTES + j] - sums[i] * sums[j];
      covariance[j * IMAGE_BYTES + i] = covariance[i * IMAGE_BYTES + j] = whole / (n * (n - 1)) / WHITE ** 2;
    }
  }
  const { values, vectors } = symmetricEigen(covariance, IMAGE_BYTES);
  const directions = new Float64Array(IMAGE_BYTES * count);
  for (let pixel = 0; pixel < IMAGE_BYTES; pixel++) {
    for (let k = 0; k < count; k++) directions[pixel * count + k] = vectors[k * IMAGE_BYTES + pixel];
  }
  return {
    mean: sums.map((sum) => sum / n / WHITE),
    directions,
    variances: values.slice(0, count),
    totalVariance: values.reduce((total, value) => total + value, 0),
  };
}

/**
 * Images as features: how far each lies from the mean image along each direction.
 *
 * @param images `[n, 28, 28]`, one byte per pixel.
 * @returns `[n, count]`.
 * @throws RangeError if these are no whole images.
 */
export function project(images: Uint8Array, { mean, directions, variances }: PrincipalComponents): Float64Array {
  if (images.length % IMAGE_BYTES !== 0) throw new RangeError(`${images.length} bytes are no whole images`);
  const count = variances.length;
  const features = new Float64Array((images.length / IMAGE_BYTES) * count);
  const ofMean = new Float64Array(count);
  for (const [pixel, value] of mean.entries()) {
    for (let k = 0; k < count; k++) ofMean[k] += value * directions[pixel * count + k];
  }
  for (let image = 0; image * IMAGE_BYTES < images.length; image++) {
    const row = features.subarray(image * count, (image + 1) * count);
    for (let k = 0; k < count; k++) row[k] = -ofMean[k];
    for (let pixel = 0; pixel < IMAGE_BYTES; pixel++) {
      const value = images[image * IMAGE_BYTES + pixel] / WHITE;
      // Four of five pixels of a digit are black.
      if (value === 0) continue;
      for (let k = 0; k < count; k++) row[k] += value * directions[pixel * count + k];
    }
  }
  return features;
}

/** Sums of pixels, and of products of two (the lower triangle), over all images. */
function moments(images: Uint8Array): { sums: Float64Array; products: Float64Array } {
  const sums = new Float64Array(IMAGE_BYTES);
  const products = new Float64Array(IMAGE_BYTES * IMAGE_BYTES);
  const lit = new Uint16Array(IMAGE_BYTES);
  for (let start = 0; start < images.length; start += IMAGE_BYTES) {
    let many = 0;
    for (let pixel = 0; pixel < IMAGE_BYTES; pixel++) if (images[start + pixel] > 0) lit[many++] = pixel;
    for (let i = 0; i < many; i++) {
      const value = images[start + lit[i]];
      const row = lit[i] * IMAGE_BYTES;
      sums[lit[i]] += value;
      for (let j = 0; j <= i; j++) products[row + lit[j]] += value * images[start + lit[j]];
    }
  }
  return { sums, products };
}
