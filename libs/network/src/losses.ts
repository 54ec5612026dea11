/**
 * Losses and their gradients. Those of classes are computed on the host: few numbers, in double precision with the same bits
 * on every engine, then rounded to f32.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { exp, log } from '@gradcast/random';

export interface Loss {
  /** Mean over the samples. */
  readonly loss: number;
  /** Its gradient by the network's output, of that shape: where a backward pass starts. */
  readonly seed: Tensor;
}

export interface ClassificationLoss extends Loss {
  /** Share of samples whose largest score is that of their class; the first of equal ones counts. */
  readonly accuracy: number;
}

/**
 * Cross-entropy of softmax, -log p(label), as a mean over the samples.
 *
 * @param scores `[m, classes]`.
 * @param labels `[m]`, whole numbers below the number of classes.
 */
export async function softmaxCrossEntropy(scores: Tensor, labels: Tensor): Promise<ClassificationLoss> {
  const [samples, classes] = scores.shape;
  const [values, wanted] = await Promise.all([scores.data<'float32'>(), labels.data<'float32'>()]);
  const seed = new Float32Array(values.length);
  let [loss, right] = [0, 0];
  for (let i = 0; i < samples; i++) {
    const row = values.subarray(i * classes, (i + 1) * classes);
    const best = largest(row);
    let sum = 0;
    for (const value of row) sum += exp(value - row[best]);
    loss += (log(sum) - (row[wanted[i]] - row[best])) / samples;
    if (best === wanted[i]) right += 1;
    for (let k = 0; k < classes; k++) {
      seed[i * classes + k] = (exp(row[k] - row[best]) / sum - (k === wanted[i] ? 1 : 0)) / samples;
    }
  }
  return { loss, accuracy: right / samples, seed: tf.tensor(seed, [samples, classes], 'float32') };
}

/** Index of the largest value; the first of equal ones. */
export function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[best]) best = k;
  return best;
}

/** Mean of (output - target)^2 over samples and elements; the sum is taken on the host, in double precision. */
export async function meanSquaredError(output: Tensor, target: Tensor): Promise<Loss> {
  const difference = tf.sub(output, target);
  const values = await difference.data<'float32'>();
  let sum = 0;
  for (const value of values) sum += value * value;
  return { loss: sum / values.length, seed: tf.mul(difference, 2 / values.length) };
}
