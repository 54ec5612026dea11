/**
 * Gradients of a task on a loaded backend: bytes and a flat vector in, a flat vector out.
 *
 * Invariant: no memory is written while a tensor lies over it. Parameters and micro-batches are copied into arrays of the
 * engine's own before a tensor sees them, because a backend may share an array instead of copying.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap } from '@tensorflow/tfjs-core';
import { toPixels } from '@gradcast/network';
import type { Program, ProgramGradients, Trainable } from '@gradcast/network';
import { fieldShapes, OneCall, requireFields, requireLength } from '@gradcast/task';
import type { BatchField, GradientEngine, MicroBatch, OutputValues } from '@gradcast/task';
import { clearPadding, freeMemory, sizeOf, sliceFields, tensorView } from '@gradcast/tensors';
import type { FieldArray, Layout } from '@gradcast/tensors';
import type { LoadedBackend } from './backend.ts';
import { parameterTensors, tensorsOf } from './on-device.ts';

/** Samples inferred at once: bounds the memory of the widest activation. */
const INFER_CHUNK = 256;

/**
 * An engine for one task on one backend: the backend's own, or one over its kernels, for which the backend must be current in
 * tfjs-core for as long as the engine is used. Besides the parameters of the loaded version one over kernels keeps nothing on the
 * device between calls.
 */
export async function openEngine(task: Trainable, backend: LoadedBackend): Promise<GradientEngine> {
  const own = backend.engineOf?.(task);
  if (own) return own;
  await backend.register?.();
  return new BackendEngine(task, backend);
}

/** {@link openEngine} for a backend that is registered with tfjs-core, or has an engine of its own for the task. */
export function createEngine(task: Trainable, backend: LoadedBackend): GradientEngine {
  return backend.engineOf?.(task) ?? new BackendEngine(task, backend);
}

class BackendEngine implements GradientEngine {
  readonly #task: Trainable;
  readonly #program: Program;
  #parameters: NamedTensorMap | undefined;
  /** What the parameters' tensors lie over; a new version is written only after those of the old one are gone. */
  readonly #copy: Float32Array;
  readonly #calls = new OneCall();

  constructor(task: Trainable, device: LoadedBackend) {
    this.#task = task;
    this.#copy = new Float32Array(task.parameters.length);
    this.#program = task.createProgram(device);
  }

  /** @throws RangeError if the array has not the length of the task's parameters. */
  load(parameters: Float32Array): void {
    requireLength('parameters', parameters.length, this.#task.parameters.length);
    tf.dispose(this.#parameters);
    this.#copy.set(parameters);
    this.#parameters = parameterTensors(this.#task.parameters, this.#copy);
  }

  /** @throws RangeError if an array has another length than the task and `batch.size` say. */
  async gradient(batch: MicroBatch, into: Float32Array): Promise<void> {
    const { parameters, tail, fields } = this.#task;
    requireFields(fields, batch);
    requireLength('gradient', into.length, parameters.length + tail.length);
    await this.#exclusively(async (loaded) => {
      const tensors = tensorsOf(fields, batch);
      try {
        const result = await this.#program.gradients(loaded, tensors);
        await this.#read(result, into);
      } finally {
        tf.dispose(tensors);
      }
    });
  }

  /** @throws RangeError if an array has another length than the task's output and the sizes say. */
  async infer(inputs: MicroBatch, reference?: MicroBatch): Promise<FieldArray> {
    const { output } = this.#task;
    if (!output) throw new Error(`task ${this.#task.name} has no output`);
    const { inputs: fields, values } = output;
    for (const batch of reference ? [inputs, reference] : [inputs]) requireFields(fields, batch);
    const elements = elementsOf(values);
    const length = inputs.size * elements;
    const into = values.kind === 'image' ? new Uint8Array(length) : new Float32Array(length);
    await this.#exclusively(async (loaded) => {
      const seen = reference ? tensorsOf(fields, reference) : {};
      const statistics = reference ? this.#program.statistics(loaded, seen) : {};
      tf.dispose(seen);
      for (let first = 0; first < inputs.size; first += INFER_CHUNK) {
        const chunk = tensorsOf(fields, samplesOf(fields, inputs, { first, count: INFER_CHUNK }));
        const result = this.#program.infer(loaded, chunk, statistics);
        const numbers = await result.data<'float32'>();
        into.set(values.kind === 'image' ? toPixels(numbers, values.range) : numbers, first * elements);
        tf.dispose([chunk, result]);
      }
      tf.dispose(statistics);
    });
    return into;
  }

  dispose(): void {
    tf.dispose(this.#parameters);
    this.#parameters = undefined;
    this.#program.dispose();
  }

  async #exclusively(body: (parameters: NamedTensorMap) => Promise<void>): Promise<void> {
    if (!this.#parameters) throw new Error('the engine holds no parameters: load() comes first');
    const loaded = this.#parameters;
    return this.#calls.run(() => body(loaded));
  }

  /** Writes gradients, batch statistics and scalars into the flat vector and frees their tensors. */
  async #read({ gradients, statistics, scalars }: ProgramGradients, into: Float32Array): Promise<void> {
    const { parameters, tail } = this.#task;
    const rest = into.subarray(parameters.length);
    clearPadding(parameters, into);
    clearPadding(tail, rest);
    try {
      await Promise.all([
        readInto(gradients, parameters, into.subarray(0, parameters.length)),
        readInto(statistics, tail, rest),
      ]);
    } finally {
      tf.dispose([gradients, statistics]);
    }
    for (const [name, value] of Object.entries(scalars)) {
      tensorView(tail, rest, name)[0] = value;
    }
  }
}

/** Numbers of a sample's output. */
function elementsOf(values: OutputValues): number {
  switch (values.kind) {
    case 'image':
      return sizeOf(values.shape);
    case 'classes':
      return values.classes;
    case 'vector':
      return values.length;
    default:
      return values satisfies never;
  }
}

/** Up to `count` samples from `first` on. */
function samplesOf(
  fields: readonly BatchField[],
  batch: MicroBatch,
  { first, count }: { readonly first: number; readonly count: number },
): MicroBatch {
  const size = Math.min(count, batch.size - first);
  return { size, fields: sliceFields(batch.fields, fieldShapes(fields), first, size) };
}

async function readInto(tensors: NamedTensorMap, layout: Layout, into: Float32Array): Promise<void> {
  await Promise.all(
    Object.entries(tensors).map(async ([name, tensor]) => {
      const values = await tensor.data<'float32'>();
      tensorView(layout, into, name).set(values);
      // The array is a copy for the caller; its tensor is disposed of next.
      if (values.byteLength === values.buffer.byteLength) freeMemory(values);
    }),
  );
}
