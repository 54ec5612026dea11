/**
 * Gradients of a model on a loaded backend: bytes and a flat vector in, a flat vector out.
 *
 * Invariant: no memory is written while a tensor lies over it. Parameters and micro-batches are copied into arrays of the
 * engine's own before a tensor sees them, because a backend may share an array instead of copying.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { Gan, fromPixels, toPixels } from '@gradcast/model';
import type { GanBatch, GanGradients, GradientEngine, Model } from '@gradcast/model';
import type { BatchField, MicroBatch } from '@gradcast/task';
import { clearPadding, freeMemory, sizeOf, tensorView } from '@gradcast/tensors';
import type { FieldArray, Layout } from '@gradcast/tensors';
import type { LoadedBackend } from './backend.ts';

/** Samples generated at once: bounds the memory of the widest activation. */
const GENERATE_CHUNK = 256;

/**
 * An engine for one model on one backend. The backend must be current in tfjs-core for as long as the engine is used.
 * Besides the parameters of the loaded version it keeps nothing on the device between calls.
 */
export function createEngine(model: Model, backend: LoadedBackend): GradientEngine {
  return new BackendEngine(model, backend);
}

class BackendEngine implements GradientEngine {
  readonly #model: Model;
  readonly #gan: Gan;
  #parameters: NamedTensorMap | undefined;
  /** What the parameters' tensors lie over; a new version is written only after those of the old one are gone. */
  readonly #copy: Float32Array;
  #busy = false;

  constructor(model: Model, { kernels, compile }: LoadedBackend) {
    this.#model = model;
    this.#copy = new Float32Array(model.parameters.length);
    this.#gan = new Gan(model, kernels, compile);
  }

  /** @throws RangeError if the array has not the length of the model's parameters. */
  load(parameters: Float32Array): void {
    const { entries, length } = this.#model.parameters;
    requireLength('parameters', parameters.length, length);
    tf.dispose(this.#parameters);
    this.#copy.set(parameters);
    this.#parameters = Object.fromEntries(
      entries.map(({ name, shape, offset, size }) => [
        name,
        tf.tensor(this.#copy.subarray(offset, offset + size), [...shape], 'float32'),
      ]),
    );
  }

  /** @throws RangeError if an array has another length than the model and `batch.size` say. */
  async gradient(batch: MicroBatch, into: Float32Array): Promise<void> {
    const { parameters, tail, fields } = this.#model;
    const { size } = batch;
    for (const { name, shape } of fields) requireLength(name, batch.fields[name].length, size * sizeOf(shape));
    requireLength('gradient', into.length, parameters.length + tail.length);
    await this.#exclusively(async (loaded) => {
      const tensors = Object.fromEntries(
        fields.map((field) => [field.name, tensorOf(field, batch.fields[field.name], size)]),
      );
      try {
        const result = await this.#gan.gradients(loaded, tensors as unknown as GanBatch);
        await this.#read(result, into);
      } finally {
        tf.dispose(tensors);
      }
    });
  }

  /** @throws RangeError if `noise` or `reference` is not a whole number of samples. */
  async generate(noise: Float32Array, reference: Float32Array): Promise<Uint8Array> {
    const { image, latent, range } = this.#model.preset;
    for (const [what, array] of Object.entries({ noise, reference })) {
      requireLength(what, array.length, Math.ceil(array.length / latent) * latent);
    }
    const count = noise.length / latent;
    const pixels = sizeOf(image);
    const bytes = new Uint8Array(count * pixels);
    await this.#exclusively(async (loaded) => {
      const seen = this.#noise(reference);
      const statistics = this.#gan.statistics(loaded, seen);
      seen.dispose();
      for (let first = 0; first < count; first += GENERATE_CHUNK) {
        const chunk = this.#noise(noise.subarray(first * latent, (first + GENERATE_CHUNK) * latent));
        const images = this.#gan.generate(loaded, chunk, statistics);
        bytes.set(toPixels(await images.data<'float32'>(), range), first * pixels);
        tf.dispose([chunk, images]);
      }
      tf.dispose(statistics);
    });
    return bytes;
  }

  dispose(): void {
    tf.dispose(this.#parameters);
    this.#parameters = undefined;
    this.#gan.dispose();
  }

  #noise(values: Float32Array): Tensor2D {
    const { latent } = this.#model.preset;
    return tf.tensor2d(values.slice(), [values.length / latent, latent], 'float32');
  }

  async #exclusively(body: (parameters: NamedTensorMap) => Promise<void>): Promise<void> {
    if (!this.#parameters) throw new Error('the engine holds no parameters: load() comes first');
    if (this.#busy) throw new Error('the engine is still busy with another call');
    this.#busy = true;
    try {
      await body(this.#parameters);
    } finally {
      this.#busy = false;
    }
  }

  /** Writes gradients, batch statistics and scalars into the flat vector and frees their tensors. */
  async #read({ gradients, statistics, scalars }: GanGradients, into: Float32Array): Promise<void> {
    const { parameters, tail } = this.#model;
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

/** A field's values on the device, `[size, ...shape]`; bytes of images in their range. */
function tensorOf(field: BatchField, values: FieldArray, size: number): Tensor {
  const numbers = field.source === 'image' ? fromPixels(values as Uint8Array, field.range) : new Float32Array(values);
  return tf.tensor(numbers, [size, ...field.shape], 'float32');
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

function requireLength(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new RangeError(`${what} must have ${expected} elements, not ${actual}`);
}
