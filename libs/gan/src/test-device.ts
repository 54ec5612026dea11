/** For the tests of this library: a model's vectors on tfjs' plain JavaScript backend. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap } from '@tensorflow/tfjs-core';
import { GanProgram } from './gan-program.ts';
import type { GanBatch, GanGradients } from './gan-program.ts';
import { genericKernels } from '@gradcast/network';
import type { Kernels } from '@gradcast/network';
import type { MicroBatch } from '@gradcast/task';
import type { GanTask } from './gan-task.ts';
import { fromPixels } from '@gradcast/network';

/** Every parameter as a tensor of its own. */
export function toTensors(model: GanTask, vector: Float32Array): NamedTensorMap {
  return Object.fromEntries(
    model.parameters.entries.map(({ name, shape, offset, size }) => [
      name,
      tf.tensor(vector.slice(offset, offset + size), [...shape]),
    ]),
  );
}

export function toBatch(model: GanTask, { size, fields }: MicroBatch): GanBatch {
  const { image, latent, range } = model.preset;
  return {
    images: tf.tensor4d(fromPixels(fields.images as Uint8Array, range), [size, ...image]),
    noise: tf.tensor2d(fields.noise as Float32Array, [size, latent]),
    ...('perturbation' in fields && {
      perturbation: tf.tensor2d(fields.perturbation as Float32Array, [size, fields.perturbation.length / size]),
    }),
    ...('labels' in fields && { labels: tf.tensor1d(Float32Array.from(fields.labels)) }),
  };
}

export interface FlatGradients {
  readonly gradient: Float32Array;
  readonly tail: Float32Array;
  readonly scalars: GanGradients['scalars'];
}

/** Gradient and tail as flat vectors; leaves nothing on the device. */
export async function flatGradients(
  model: GanTask,
  vector: Float32Array,
  batch: MicroBatch,
  options: { twoPass?: boolean; kernels?: Kernels } = {},
): Promise<FlatGradients> {
  const gan = new GanProgram(model.preset, { kernels: options.kernels ?? genericKernels });
  const parameters = toTensors(model, vector);
  const tensors = toBatch(model, batch);
  const found = await (options.twoPass
    ? gan.twoPassGradients(parameters, tensors)
    : gan.gradients(parameters, tensors));
  const gradient = new Float32Array(model.parameters.length);
  for (const { name, offset } of model.parameters.entries) gradient.set(found.gradients[name].dataSync(), offset);
  const tail = new Float32Array(model.tail.length);
  for (const { name, offset } of model.tail.entries) {
    if (name in found.statistics) tail.set(found.statistics[name].dataSync(), offset);
  }
  tf.dispose([parameters, found.gradients, found.statistics, tensors]);
  return { gradient, tail, scalars: found.scalars };
}

/** Euclidean distance of two vectors, relative to the length of the second. */
export function relativeDistance(actual: Float32Array, expected: Float32Array): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    length += expected[i] ** 2;
  }
  return Math.sqrt(difference) / (Math.sqrt(length) || 1);
}

/** Some of the parameters of a tensor: their gradients, and the central differences of the loss that they have. */
export interface TensorDifferences {
  readonly name: string;
  readonly exact: Float32Array;
  readonly differences: Float32Array;
}

/**
 * Finite differences in every tensor, the generator's of its loss and the discriminator's of its own.
 *
 * @param options.gain what kernels are multiplied with before.
 */
export async function finiteDifferences(
  model: GanTask,
  parameters: Float32Array,
  batch: MicroBatch,
  { gain, step }: { readonly gain: number; readonly step: number },
): Promise<TensorDifferences[]> {
  const start = parameters.slice();
  for (const { name, offset, size } of model.parameters.entries) {
    for (let i = offset; i < offset + size; i++) start[i] *= name.endsWith('/kernel') ? gain : 1;
  }
  const { gradient } = await flatGradients(model, start, batch);
  const found: TensorDifferences[] = [];
  for (const { name, offset, size } of model.parameters.entries) {
    const count = Math.min(size, 12);
    const places = Array.from({ length: count }, (_, i) => offset + Math.floor((i * size) / count));
    const own = name.startsWith('generator/') ? 'loss_g' : 'loss_d';
    const lossAt = async (place: number, change: number) => {
      const moved = start.slice();
      moved[place] += change;
      return (await flatGradients(model, moved, batch)).scalars[own];
    };
    const differences: number[] = [];
    for (const place of places) {
      differences.push(((await lossAt(place, step)) - (await lossAt(place, -step))) / (2 * step));
    }
    const exact = Float32Array.from(places, (place) => gradient[place]);
    found.push({ name, exact, differences: Float32Array.from(differences) });
  }
  return found;
}
