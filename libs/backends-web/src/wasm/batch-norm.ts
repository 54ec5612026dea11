/**
 * BatchNorm in training mode for the `wasm` backend (Ioffe and Szegedy 2015, algorithm 1 and section 3): statistics over all
 * axes but the last, summed in doubles in row order.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { BatchNormForward, BatchNormGradient, Normalization } from '@gradcast/network';
import { columnSums, compute } from './elementwise.ts';

/** 1 / sqrt(variance + epsilon) per channel. */
function inverseDeviations(variance: Float32Array, epsilon: number): Float64Array {
  return Float64Array.from(variance, (value) => 1 / Math.sqrt(value + epsilon));
}

/** gamma * (x - mean) / sqrt(variance + epsilon) + beta. */
export function normalize(x: Tensor, statistics: Normalization, epsilon: number): Tensor {
  const { gamma, beta, mean, variance } = statistics;
  return compute(x.shape, [x, gamma, beta, mean, variance], (output, values, scale, shift, center, spread) => {
    const channels = center.length;
    const factor = inverseDeviations(spread, epsilon).map((inverse, c) => inverse * scale[c]);
    for (let row = 0; row < output.length; row += channels) {
      for (let c = 0; c < channels; c++) {
        output[row + c] = (values[row + c] - center[c]) * factor[c] + shift[c];
      }
    }
  });
}

/** Normalises by the batch; `saved` holds nothing, mean and variance are enough and are saved as they are. */
export function batchNorm(x: Tensor, gamma: Tensor1D, beta: Tensor1D, epsilon: number): BatchNormForward {
  const channels = x.shape.at(-1)!;
  const rows = x.size / channels;
  const mean = compute([channels], [x], (output, values) => {
    columnSums(values, channels).forEach((sum, c) => (output[c] = sum / rows));
  }) as Tensor1D;
  const variance = compute([channels], [x, mean], (output, values, center) => {
    const sums = new Float64Array(channels);
    for (let row = 0; row < values.length; row += channels) {
      for (let c = 0; c < channels; c++) {
        const distance = values[row + c] - center[c];
        sums[c] += distance * distance;
      }
    }
    sums.forEach((sum, c) => (output[c] = sum / rows));
  }) as Tensor1D;
  const y = normalize(x, { gamma, beta, mean, variance }, epsilon);
  return { y, mean, variance, saved: [tf.clone(mean), tf.clone(variance)] };
}

/** Gradient of {@link batchNorm} by x, gamma and beta. */
export function batchNormGradient(
  dy: Tensor,
  x: Tensor,
  gamma: Tensor1D,
  saved: readonly Tensor[],
  epsilon: number,
): BatchNormGradient {
  const [mean, variance] = saved as readonly [Tensor1D, Tensor1D];
  const channels = x.shape.at(-1)!;
  const rows = x.size / channels;
  const betaGradient = compute([channels], [dy], (output, gradient) => {
    output.set(columnSums(gradient, channels));
  }) as Tensor1D;
  const gammaGradient = compute([channels], [dy, x, mean, variance], (output, gradient, values, center, spread) => {
    const sums = new Float64Array(channels);
    for (let row = 0; row < values.length; row += channels) {
      for (let c = 0; c < channels; c++) sums[c] += gradient[row + c] * (values[row + c] - center[c]);
    }
    inverseDeviations(spread, epsilon).forEach((inverse, c) => (output[c] = sums[c] * inverse));
  }) as Tensor1D;
  const inputs = [dy, x, gamma, mean, variance, gammaGradient, betaGradient];
  const dx = compute(x.shape, inputs, (output, gradient, values, scale, center, spread, sumGamma, sumBeta) => {
    const inverse = inverseDeviations(spread, epsilon);
    const factor = inverse.map((value, c) => value * scale[c]);
    const slope = inverse.map((value, c) => (value * sumGamma[c]) / rows);
    const offset = Float64Array.from(sumBeta, (sum) => sum / rows);
    for (let row = 0; row < output.length; row += channels) {
      for (let c = 0; c < channels; c++) {
        const distance = values[row + c] - center[c];
        output[row + c] = factor[c] * (gradient[row + c] - offset[c] - distance * slope[c]);
      }
    }
  });
  return { dx, gamma: gammaGradient, beta: betaGradient };
}
