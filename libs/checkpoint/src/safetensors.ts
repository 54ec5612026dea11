/**
 * The safetensors format: u64 header length (little-endian), a JSON header padded with spaces to 8 bytes, then the
 * tensors' bytes end to end. Names map to `{dtype, shape, data_offsets}`; `__metadata__` maps strings to strings.
 *
 * Source: the format description in the README of huggingface/safetensors. Nothing in a file is trusted: lengths are
 * bounded before anything is allocated, and the tensors must cover the data exactly, without gap or overlap.
 */
import { CheckpointError } from './errors.ts';

/** Headers longer than this are refused; a run's own are a few kB. */
export const MAX_HEADER_BYTES = 16 * 2 ** 20;

/** Bytes that say how long the header is. */
export const LENGTH_BYTES = 8;
const ALIGNMENT = 8;

const DTYPES = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  U32: Uint32Array,
  U8: Uint8Array,
} as const;

/** The element types that are written and read. */
export type Dtype = keyof typeof DTYPES;

/** One tensor; `data` holds the product of `shape` elements in row-major order, `[]` being a scalar. */
export type StoredTensor =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'F64'; readonly shape: readonly number[]; readonly data: Float64Array }
  /** The bits: no array of JavaScript has such numbers everywhere. */
  | { readonly dtype: 'F16'; readonly shape: readonly number[]; readonly data: Uint16Array }
  | { readonly dtype: 'U32'; readonly shape: readonly number[]; readonly data: Uint32Array }
  | { readonly dtype: 'U8'; readonly shape: readonly number[]; readonly data: Uint8Array };

/** Tensors by name, and what is said about them. */
export interface SafetensorsContent {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A file's parts in order: the header with its length, then views on each tensor's bytes (no copy). Wider types come
 * first, so that each tensor starts at a multiple of its element size.
 *
 * @throws RangeError if a tensor's shape and data disagree or a name is reserved.
 */
export function encodeSafetensors({ tensors, metadata }: SafetensorsContent): [Uint8Array, ...Uint8Array[]] {
  const entries = Object.entries(tensors).sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const header: Record<string, unknown> = { __metadata__: metadata };
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (name === '__metadata__') throw new RangeError('__metadata__ cannot name a tensor');
    if (!(data instanceof DTYPES[dtype]) || sizeOf(shape) !== data.length) {
      throw new RangeError(`${name} is not ${dtype} of shape [${shape.join(', ')}]`);
    }
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
    chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return [encodeHeader(JSON.stringify(header)), ...chunks];
}

function encodeHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  if (length > MAX_HEADER_BYTES) throw new RangeError(`a header of ${length} bytes is too long`);
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20, LENGTH_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

/** A decoded file. Tensors are views on the bytes where alignment allows it, copies elsewhere. */
export interface DecodedSafetensors extends SafetensorsContent {
  /** Bytes before the first tensor: length and header. */
  readonly headerBytes: number;
}

/**
 * Decodes a whole file.
 *
 * @param name what to call the file in an error.
 * @throws CheckpointError `checkpoint-truncated` if bytes are missing at the end, `checkpoint-corrupt` if anything
 *   else about it is wrong.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): DecodedSafetensors {
  const { header, headerBytes } = readHeader(bytes, name);
  const { __metadata__: metadata = {}, ...rest } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw corrupt(name, 'its metadata are not strings');
  }
  const entries = Object.entries(rest).map(([tensor, entry]) => parseEntry(tensor, entry, name));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { tensor, begin, end } of entries) {
    if (begin !== covered) throw corrupt(name, `${tensor} does not follow the tensor before it`);
    covered = end;
  }
  if (bytes.length < headerBytes + covered) throw truncated(name, bytes.length, headerBytes + covered);
  if (bytes.length > headerBytes + covered) throw corrupt(name, 'bytes follow its last tensor');
  return {
    tensors: Object.fromEntries(entries.map((entry) => [entry.tensor, viewOf(entry, bytes, headerBytes)])),
    metadata: metadata as Record<string, string>,
    headerBytes,
  };
}

/**
 * Bytes before the first tensor, as the first eight bytes of a file announce them.
 *
 * @throws CheckpointError `checkpoint-truncated` or `checkpoint-corrupt`.
 */
export function announcedBytes(bytes: Uint8Array, name: string): number {
  if (bytes.length < LENGTH_BYTES) throw truncated(name, bytes.length, LENGTH_BYTES);
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length < 2n || length > BigInt(MAX_HEADER_BYTES))
    throw corrupt(name, `it announces a header of ${length.toString()} bytes`);
  return LENGTH_BYTES + Number(length);
}

/**
 * The header of a file that begins with these bytes.
 *
 * @throws CheckpointError `checkpoint-truncated` or `checkpoint-corrupt`.
 */
export function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; headerBytes: number } {
  const headerBytes = announcedBytes(bytes, name);
  if (bytes.length < headerBytes) throw truncated(name, bytes.length, headerBytes);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, headerBytes));
    const header: unknown = JSON.parse(text);
    if (text.startsWith('{') && isRecord(header)) return { header, headerBytes };
  } catch {
    // What the parser says about bytes that are no JSON helps nobody.
  }
  throw corrupt(name, 'its header is not a JSON object');
}

interface Entry {
  readonly tensor: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseEntry(tensor: string, entry: unknown, name: string): Entry {
  if (!isRecord(entry)) throw corrupt(name, `${tensor} is not described`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) throw corrupt(name, `${tensor} has an unknown dtype`);
  if (!areCounts(shape)) throw corrupt(name, `${tensor} has no shape`);
  if (!areCounts(offsets) || offsets.length !== 2) throw corrupt(name, `${tensor} has no offsets`);
  const [begin = 0, end = 0] = offsets;
  const bytes = sizeOf(shape) * DTYPES[dtype as Dtype].BYTES_PER_ELEMENT;
  if (end - begin !== bytes) throw corrupt(name, `${tensor} has ${end - begin} bytes where its shape needs ${bytes}`);
  return { tensor, dtype: dtype as Dtype, shape, begin, end };
}

function viewOf({ dtype, shape, begin, end }: Entry, bytes: Uint8Array, headerBytes: number): StoredTensor {
  const start = bytes.byteOffset + headerBytes + begin;
  const { BYTES_PER_ELEMENT: width } = DTYPES[dtype];
  const aligned = start % width === 0;
  const buffer = (aligned ? bytes : bytes.slice(headerBytes + begin, headerBytes + end)).buffer as ArrayBuffer;
  const data = new DTYPES[dtype](buffer, aligned ? start : 0, (end - begin) / width);
  return { dtype, shape, data } as StoredTensor;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

function areCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function truncated(name: string, found: number, needed: number): CheckpointError {
  return new CheckpointError(
    'checkpoint-truncated',
    `${name} is cut short: it has ${found} of at least ${needed} bytes`,
  );
}

function corrupt(name: string, reason: string): CheckpointError {
  return new CheckpointError('checkpoint-corrupt', `${name} is damaged: ${reason}`);
}
