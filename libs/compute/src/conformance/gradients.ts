/** Reference gradients and distances for the conformance suite. */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap } from '@tensorflow/tfjs-core';
import { Gan, fromPixels } from '@gradcast/model';
import type { MicroBatch, Model } from '@gradcast/model';
import { tensorView } from '@gradcast/tensors';
import type { LoadedBackend } from '../engine/backend.ts';

/** Norm of the difference, relative to the norm of `expected`. */
export function distance(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** The flat gradient of two separate passes through the discriminator, without a tail. */
export async function twoPassGradient(
  model: Model,
  { kernels }: LoadedBackend,
  parameters: Float32Array,
  batch: MicroBatch,
): Promise<Float32Array> {
  const { image, latent, range } = model.preset;
  const tensors: NamedTensorMap = Object.fromEntries(
    model.parameters.entries.map(({ name, shape, offset, size }) => [
      name,
      tf.tensor(parameters.slice(offset, offset + size), [...shape]),
    ]),
  );
  const images = tf.tensor4d(fromPixels(batch.images, range), [batch.size, ...image]);
  const noise = tf.tensor2d(batch.noise.slice(), [batch.size, latent]);
  const { gradients, statistics } = await new Gan(model, kernels).twoPassGradients(tensors, { images, noise });
  const vector = new Float32Array(model.parameters.length);
  for (const [name, gradient] of Object.entries(gradients)) {
    tensorView(model.parameters, vector, name).set(await gradient.data<'float32'>());
  }
  tf.dispose([tensors, images, noise, gradients, statistics]);
  return vector;
}
