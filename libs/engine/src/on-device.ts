/** Flat vectors and bytes as tensors by name. */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { fromPixels } from '@gradcast/network';
import type { BatchField, MicroBatch } from '@gradcast/task';
import type { FieldArray, Layout } from '@gradcast/tensors';

/** Tensors that may lie over the vector: it must not be written to while they are there. */
export function parameterTensors({ entries }: Layout, vector: Float32Array): NamedTensorMap {
  return Object.fromEntries(
    entries.map(({ name, shape, offset, size }) => [
      name,
      tf.tensor(vector.subarray(offset, offset + size), [...shape], 'float32'),
    ]),
  );
}

/** Fields on the device, `[size, ...shape]`; bytes of images in their range. */
export function tensorsOf(fields: readonly BatchField[], { size, fields: values }: MicroBatch): NamedTensorMap {
  return Object.fromEntries(fields.map((field) => [field.name, tensorOf(field, values[field.name], size)]));
}

function tensorOf(field: BatchField, values: FieldArray, size: number): Tensor {
  const numbers = field.source === 'image' ? fromPixels(values as Uint8Array, field.range) : new Float32Array(values);
  return tf.tensor(numbers, [size, ...field.shape], 'float32');
}
