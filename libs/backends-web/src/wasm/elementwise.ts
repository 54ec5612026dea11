/**
 * Element-wise gradients, sums and pooling for the `wasm` backend, as loops over its linear memory.
 *
 * Composed of the backend's own kernels each would take three to ten passes over the activations; here it is one. All
 * arithmetic is in doubles and rounded once, in a fixed order, so the bits do not depend on the machine.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { allocate, viewOf, wasmBackend } from './heap.ts';

/** A new tensor whose elements `fill` writes; inputs are given as views in the same order. */
export function compute(
  shape: readonly number[],
  inputs: readonly Tensor[],
  fill: (output: Float32Array, ...views: Float32Array[]) => void,
): Tensor {
  const backend = wasmBackend(tf.backend());
  const output = allocate(backend, shape);
  // Views only now: the allocation above may have moved the memory.
  fill(viewOf(backend, output), ...inputs.map((input) => viewOf(backend, input)));
  return tf.engine().makeTensorFromTensorInfo(output);
}

/** Sums over all axes but the last. */
export function columnSums(values: Float32Array, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (let row = 0; row < values.length; row += channels) {
    for (let c = 0; c < channels; c++) sums[c] += values[row + c];
  }
  return sums;
}

/** Sum of dy over all axes but the last, `[C]`. */
export function biasGradient(dy: Tensor): Tensor1D {
  const channels = dy.shape.at(-1)!;
  return compute([channels], [dy], (output, values) => output.set(columnSums(values, channels))) as Tensor1D;
}

/** Takes the output y: dy where y > 0, slope * dy elsewhere. */
export function leakyReluGradient(dy: Tensor, y: Tensor, slope: number): Tensor {
  const factor = Math.fround(slope);
  return compute(dy.shape, [dy, y], (output, gradient, value) => {
    for (let i = 0; i < output.length; i++) {
      output[i] = value[i] > 0 ? gradient[i] : gradient[i] * factor;
    }
  });
}

/** Takes the output y: dy where y > 0, zero elsewhere. */
export function reluGradient(dy: Tensor, y: Tensor): Tensor {
  return compute(dy.shape, [dy, y], (output, gradient, value) => {
    for (let i = 0; i < output.length; i++) output[i] = value[i] > 0 ? gradient[i] : 0;
  });
}

/** Takes the output y: dy * (1 - y^2). */
export function tanhGradient(dy: Tensor, y: Tensor): Tensor {
  return compute(dy.shape, [dy, y], (output, gradient, value) => {
    for (let i = 0; i < output.length; i++) output[i] = gradient[i] * (1 - value[i] * value[i]);
  });
}

/** Takes the output y: dy * y * (1 - y). */
export function sigmoidGradient(dy: Tensor, y: Tensor): Tensor {
  return compute(dy.shape, [dy, y], (output, gradient, value) => {
    for (let i = 0; i < output.length; i++) output[i] = gradient[i] * value[i] * (1 - value[i]);
  });
}

/** Gradient of the mean over non-overlapping `size` x `size` squares; pixels outside every square get zero. */
export function avgPoolGradient(dy: Tensor4D, x: Tensor4D, size: number): Tensor4D {
  const [images, height, width, channels] = x.shape;
  const [, rows, columns] = dy.shape;
  return compute(x.shape, [dy], (output, gradient) => {
    if (rows * size < height || columns * size < width) output.fill(0);
    for (let image = 0; image < images; image++) {
      for (let i = 0; i < rows * size; i++) {
        for (let j = 0; j < columns * size; j++) {
          const source = ((image * rows + Math.floor(i / size)) * columns + Math.floor(j / size)) * channels;
          const target = ((image * height + i) * width + j) * channels;
          for (let c = 0; c < channels; c++) output[target + c] = gradient[source + c] / (size * size);
        }
      }
    }
  }) as Tensor4D;
}
