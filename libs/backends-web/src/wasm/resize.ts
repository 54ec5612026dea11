/** Nearest-neighbour resizing and its gradient for the `wasm` backend, as copies and sums in its linear memory. */
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { compute } from './elementwise.ts';

/** Each pixel `factor` x `factor` times: a row is written pixel by pixel, then copied. */
export function resize(x: Tensor4D, factor: number): Tensor4D {
  const [images, height, width, channels] = x.shape;
  const line = width * factor * channels;
  return compute([images, height * factor, width * factor, channels], [x], (output, values) => {
    for (let row = 0; row < images * height; row++) {
      const first = row * factor * line;
      for (let pixel = 0; pixel < width; pixel++) {
        const source = (row * width + pixel) * channels;
        const target = first + pixel * factor * channels;
        for (let c = 0; c < channels; c++) {
          const value = values[source + c];
          for (let copy = 0; copy < factor; copy++) output[target + copy * channels + c] = value;
        }
      }
      for (let copy = 1; copy < factor; copy++) output.copyWithin(first + copy * line, first, first + line);
    }
  }) as Tensor4D;
}

/** Sums over squares of `factor` x `factor`, row by row, in doubles and rounded once. */
export function resizeGradient(dy: Tensor4D, factor: number): Tensor4D {
  const [images, large, wide, channels] = dy.shape;
  const [height, width] = [large / factor, wide / factor];
  return compute([images, height, width, channels], [dy], (output, gradient) => {
    for (let row = 0; row < images * height; row++) {
      for (let pixel = 0; pixel < width; pixel++) {
        const first = (row * factor * wide + pixel * factor) * channels;
        const target = (row * width + pixel) * channels;
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          for (let i = 0; i < factor; i++) {
            for (let j = 0; j < factor; j++) sum += gradient[first + (i * wide + j) * channels + c];
          }
          output[target + c] = sum;
        }
      }
    }
  }) as Tensor4D;
}
