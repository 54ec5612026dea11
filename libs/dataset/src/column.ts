/**
 * A column of a data set: one value of one shape for each sample, read by index. It is held in memory here; `file-column.ts`
 * has the one that stays on the disk.
 *
 * Invariant: what is read at an index is the same at every time.
 */
import { sizeOf } from '@gradcast/tensors';
import type { FieldArray } from '@gradcast/tensors';

/** What is held in memory of a data set, and what is read ahead of it if it is not held: 256 MiB each. */
export const HELD_BYTES = 2 ** 28;

export interface ColumnShape {
  /** Bytes, or 32-bit floats. */
  readonly dtype: 'u8' | 'f32';
  /** Of one sample: `[H, W, C]` for images, `[]` for labels. */
  readonly shape: readonly number[];
  /** Samples. */
  readonly count: number;
}

export interface Column extends ColumnShape {
  /** Samples by index, one after the other, in memory of their own. @throws DatasetError `data-unreadable`, `data-changed`. */
  read(indices: ArrayLike<number>): FieldArray;
  /** The same without waiting for the disk meanwhile; undefined where {@link read} never does. */
  readonly readAsync: ((indices: ArrayLike<number>) => Promise<FieldArray>) | undefined;
  /** All samples, `[count, …shape]`, where they lie in memory that a thread can be given without a copy. Nobody writes to it. */
  readonly shared: FieldArray | undefined;
}

/** Bytes of one sample. */
export function sampleBytes({ dtype, shape }: Pick<ColumnShape, 'dtype' | 'shape'>): number {
  return sizeOf(shape) * (dtype === 'f32' ? 4 : 1);
}

/** Memory for some samples, and the bytes under it. @param Memory what it is made of. */
export function allocate(
  column: Pick<ColumnShape, 'dtype' | 'shape'>,
  samples: number,
  Memory: ArrayBufferConstructor | SharedArrayBufferConstructor = ArrayBuffer,
): { values: FieldArray; bytes: Uint8Array } {
  const buffer = new Memory(samples * sampleBytes(column));
  const bytes = new Uint8Array(buffer);
  return { values: column.dtype === 'f32' ? new Float32Array(buffer) : bytes, bytes };
}

/** A column whose values are in memory, `[count, …shape]`; they are not written to afterwards. */
export function heldColumn(values: FieldArray, shape: readonly number[]): Column {
  const elements = sizeOf(shape);
  const dtype = values instanceof Float32Array ? 'f32' : 'u8';
  const read = (indices: ArrayLike<number>) => {
    const out = allocate({ dtype, shape }, indices.length).values;
    if (elements === 1) {
      for (let i = 0; i < indices.length; i++) out[i] = values[indices[i]];
      return out;
    }
    for (let i = 0; i < indices.length; i++) {
      out.set(values.subarray(indices[i] * elements, (indices[i] + 1) * elements), i * elements);
    }
    return out;
  };
  // A browser's page may know no shared memory, not even by name.
  const shared = values.buffer instanceof ArrayBuffer ? undefined : values;
  return { dtype, shape, count: values.length / elements, read, readAsync: undefined, shared };
}

/** Every sample of a column in its order, whatever memory it takes. */
export function wholeColumn(column: Column): FieldArray {
  return column.read(Uint32Array.from({ length: column.count }, (_, index) => index));
}
