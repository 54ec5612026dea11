/**
 * From a source, whatever kind of files it is, to a column: every byte is read once, in order, for the digest and the
 * checks, and lands in memory, stays where it is, or goes into a scratch file.
 *
 * Invariant: no more than the bound is held, whatever the source says of itself.
 */
import { floatsOf } from '@gradcast/tensors';
import type { ByteFile } from './byte-file.ts';
import { allocate, heldColumn, sampleBytes } from './column.ts';
import type { Column, ColumnShape } from './column.ts';
import { DatasetError } from './errors.ts';
import { fileColumn } from './file-column.ts';
import { Scratch } from './scratch.ts';

/** The largest sample: images of 4096x4096 bytes, 2364x2364 in colour. */
export const MAX_SAMPLE_BYTES = 2 ** 24;

/** The most samples: their order in two epochs takes 128 MiB, their labels 16. */
export const MAX_SAMPLES = 2 ** 24;

/** Samples in the order of the files. */
export interface Source extends ColumnShape {
  /** What to call it in an error. */
  readonly path: string;
  /** Where its bytes lie as they are, if they do. */
  readonly file?: { readonly bytes: ByteFile; readonly offset: number } | undefined;
  /** All bytes, once, floats whole; a chunk is good until the next is asked for. @throws DatasetError if they are not `count` samples. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Whatever is open; a file that the column reads goes on being open until the column's owner closes this. */
  close(): Promise<void>;
}

export interface TakeInOptions {
  /** Bytes that may be held. */
  readonly heldBytes: number;
  /** Folder for what has to be unpacked. */
  readonly scratch: string;
  /** Told every byte in order. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

export interface TakenIn {
  readonly column: Column;
  close(): Promise<void>;
}

/** @throws DatasetError `data-large`, `data-value`, `data-space`; what the source throws; the signal's reason. */
export async function takeIn(source: Source, options: TakeInOptions): Promise<TakenIn> {
  assertBounded(source);
  const bytes = source.count * sampleBytes(source);
  if (bytes <= options.heldBytes) return hold(source, options);
  if (source.file) {
    await pass(source, options, () => Promise.resolve());
    const { bytes: file, offset } = source.file;
    return { column: fileColumn(file, offset, source), close: () => source.close() };
  }
  return unpack(source, options, bytes);
}

async function hold(source: Source, options: TakeInOptions): Promise<TakenIn> {
  // A thread that draws batches reads these very samples.
  const { values, bytes } = allocate(source, source.count, SharedArrayBuffer);
  let filled = 0;
  await pass(source, options, (chunk) => {
    bytes.set(chunk, filled);
    filled += chunk.length;
    return Promise.resolve();
  });
  await source.close();
  return { column: heldColumn(values, source.shape), close: () => Promise.resolve() };
}

async function unpack(source: Source, options: TakeInOptions, bytes: number): Promise<TakenIn> {
  const scratch = await Scratch.create(options.scratch, { bytes, title: source.path });
  try {
    await pass(source, options, (chunk) => scratch.write(chunk));
    await source.close();
    const file = await scratch.done();
    return { column: fileColumn(file, 0, source), close: () => file.close() };
  } catch (error) {
    await scratch.close();
    throw error;
  }
}

async function pass(source: Source, { onBytes, signal }: TakeInOptions, take: (chunk: Uint8Array) => Promise<void>) {
  let seen = 0;
  for await (const chunk of source.chunks()) {
    signal?.throwIfAborted();
    if (source.dtype === 'f32') assertFinite(source, chunk, seen);
    onBytes(chunk);
    await take(chunk);
    seen += chunk.length;
  }
}

function assertBounded({ path, count, ...column }: Source): void {
  const size = sampleBytes(column);
  if (size > MAX_SAMPLE_BYTES) {
    throw new DatasetError(
      'data-large',
      `${path} has samples of ${column.shape.join('x')}, ${size} bytes each; the largest have ${MAX_SAMPLE_BYTES}`,
    );
  }
  if (count > MAX_SAMPLES) {
    throw new DatasetError('data-large', `${path} has ${count} samples, more than the ${MAX_SAMPLES} that are read`);
  }
}

/** A single number that is none would be in every weight after the step that it is in. */
function assertFinite(source: Source, chunk: Uint8Array, before: number): void {
  const floats = floatsOf(chunk);
  for (let i = 0; i < floats.length; i++) {
    if (Number.isFinite(floats[i])) continue;
    const sample = Math.floor((before + 4 * i) / sampleBytes(source));
    throw new DatasetError(
      'data-value',
      `${source.path}: sample ${sample} has a number that is not finite, ${floats[i]}`,
    );
  }
}
