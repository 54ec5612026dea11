/** Reference gradients and distances for the conformance suite. */
import * as tf from '@tensorflow/tfjs-core';
import { GanProgram } from '@gradcast/gan';
import type { GanBatch, GanTask } from '@gradcast/gan';
import type { GradientEngine, MicroBatch, Task } from '@gradcast/task';
import { tensorView } from '@gradcast/tensors';
import type { TensorEntry } from '@gradcast/tensors';
import type { LoadedBackend } from '../backend.ts';
import { parameterTensors, tensorsOf } from '../on-device.ts';

/** The bias behind a discriminator's logits: the last one. */
export function logitBias({ parameters }: GanTask): TensorEntry {
  return parameters.entries.findLast(({ name }) => name.endsWith('/bias'))!;
}

/** Euclidean norm. */
export function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** Norm of the difference, relative to the norm of `expected`. */
export function distance(actual: Float32Array, expected: Float32Array): number {
  return norm(actual.map((value, i) => value - expected[i])) / norm(expected);
}

/**
 * How far finite differences at some places of a tensor lie from its gradient, relative to the larger of the gradient's
 * size there and its typical size: a place whose own gradient happens to be tiny says nothing.
 *
 * @param rounding of each difference, which does not count.
 */
export function differenceError(
  differences: readonly number[],
  places: readonly number[],
  gradient: Float32Array,
  rounding: number,
): number {
  const exact = Float32Array.from(places, (place) => gradient[place]);
  const typical = norm(gradient) * Math.sqrt(places.length / gradient.length);
  const off = norm(exact.map((value, i) => differences[i] - value)) - rounding * Math.sqrt(places.length);
  // A NaN must stay one.
  return (off < 0 ? 0 : off) / Math.max(norm(exact), typical);
}

/** The flat gradient of two separate passes through the discriminator, without a tail. */
export async function twoPassGradient(
  model: GanTask,
  { kernels }: LoadedBackend,
  parameters: Float32Array,
  batch: MicroBatch,
): Promise<Float32Array> {
  const tensors = parameterTensors(model.parameters, parameters.slice());
  const given = tensorsOf(model.fields, batch) as GanBatch;
  const { gradients, statistics } = await new GanProgram(model.preset, { kernels }).twoPassGradients(tensors, given);
  const vector = new Float32Array(model.parameters.length);
  for (const [name, gradient] of Object.entries(gradients)) {
    tensorView(model.parameters, vector, name).set(await gradient.data<'float32'>());
  }
  tf.dispose([tensors, given, gradients, statistics]);
  return vector;
}

/** Gradient followed by tail; the target starts full of NaN, so that what is not written shows. */
export async function gradientOf(engine: GradientEngine, model: Task, batch: MicroBatch): Promise<Float32Array> {
  const vector = new Float32Array(model.parameters.length + model.tail.length).fill(NaN);
  await engine.gradient(batch, vector);
  return vector;
}
