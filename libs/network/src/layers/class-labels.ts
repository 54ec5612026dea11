/**
 * Rows of a table by label, and their gradients.
 *
 * Both ways are products with a matrix of zeros and ones: what is gathered is exact, and what is scattered back is summed in the
 * order of the backend's matrix product, which the shapes alone decide.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { ModelError } from '../model-error.ts';
import type { Pass } from './layer.ts';

/**
 * `[N, classes]`: 1 at a sample's class, else 0; a label that is no class has a row of zeros.
 *
 * @throws ModelError `model-input` if the pass has no labels.
 */
export function oneHot(name: string, { labels }: Pick<Pass, 'labels'>, classes: number): Tensor2D {
  if (!labels) throw new ModelError('model-input', `${name} needs labels`);
  const samples = labels.shape[0];
  const numbers = tf.tensor2d(
    Float32Array.from({ length: classes }, (_, label) => label),
    [1, classes],
    'float32',
  );
  return tf.cast(tf.equal(tf.reshape(labels, [samples, 1]), numbers), 'float32');
}
