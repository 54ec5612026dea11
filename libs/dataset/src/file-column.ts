/**
 * A column that is too large to be held: its samples lie one after the other in a file and are read by range.
 *
 * Invariant: what is given away was read from the file that was digested; a file that changes meanwhile is an error.
 */
import type { FieldArray } from '@gradcast/tensors';
import type { ByteFile } from './byte-file.ts';
import { allocate, sampleBytes } from './column.ts';
import type { Column, ColumnShape } from './column.ts';

/** Reads under way at once: as many as a disk may put in order, and Node has threads for. */
const READS = 8;

/** @param offset where the first sample begins, in bytes. */
export function fileColumn(file: ByteFile, offset: number, column: ColumnShape): Column {
  const size = sampleBytes(column);
  const memory = (samples: number) => {
    const { values, bytes } = allocate(column, samples);
    return { values, at: (i: number) => bytes.subarray(i * size, (i + 1) * size) };
  };
  const read = (indices: ArrayLike<number>): FieldArray => {
    const { values, at } = memory(indices.length);
    for (let i = 0; i < indices.length; i++) file.fillSync(at(i), offset + indices[i] * size);
    file.assertUnchangedSync();
    return values;
  };
  const readAsync = async (indices: ArrayLike<number>): Promise<FieldArray> => {
    const { values, at } = memory(indices.length);
    let next = 0;
    const lane = async () => {
      for (let i = next++; i < indices.length; i = next++) await file.fill(at(i), offset + indices[i] * size);
    };
    await Promise.all(Array.from({ length: Math.min(READS, indices.length) }, lane));
    await file.assertUnchanged();
    return values;
  };
  const { dtype, shape, count } = column;
  return { dtype, shape, count, read, readAsync, shared: undefined };
}
