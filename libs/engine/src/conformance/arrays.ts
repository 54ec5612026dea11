/** Plain arrays, tensors and comparison: what every case of the conformance suite needs. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { Plain } from './reference.ts';

/**
 * An array of floats between -1 and 1 that depends on shape and seed only (a 32-bit mixing function, Wellons' lowbias32); none is
 * closer to 0 than 1e-3, where kinks of activations would make a comparison meaningless.
 */
export function array(shape: readonly number[], seed: number): Plain {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float64Array.from({ length: size }, (_, i) => {
    let hash = Math.imul(seed + 1, 0x9e3779b9) ^ i;
    hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
    hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
    const unit = ((hash ^ (hash >>> 16)) >>> 8) / 2 ** 23 - 1;
    return Math.fround(Math.abs(unit) < 1e-3 ? 0.5 : unit);
  });
  return { shape, values };
}

/** Uploads an array. */
export function tensor({ shape, values }: Plain): Tensor {
  return tf.tensor(Float32Array.from(values), [...shape], 'float32');
}

/** The same for an array known to be a vector, a matrix, or NHWC images or a filter. */
export const vector = (plain: Plain): Tensor1D => tensor(plain) as Tensor1D;
export const matrix = (plain: Plain): Tensor2D => tensor(plain) as Tensor2D;
export const image = (plain: Plain): Tensor4D => tensor(plain) as Tensor4D;

/**
 * Asserts that a tensor has the shape and values of an array and disposes it. `tolerance` is relative to the largest
 * expected magnitude, as sums of many products round relative to their largest terms.
 */
export async function expectClose(actual: Tensor, expected: Plain, tolerance: number): Promise<void> {
  expect(actual.shape).toEqual([...expected.shape]);
  const values = await actual.data();
  actual.dispose();
  const scale = expected.values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
  let worst = 0;
  for (let i = 0; i < expected.values.length; i++) {
    const difference = Math.abs(values[i] - expected.values[i]);
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }
  expect(worst / scale).toBeLessThanOrEqual(tolerance);
}
