/**
 * The idx format, in which MNIST and its relatives are published: two zero bytes, a type byte, the number of
 * dimensions, each dimension as a big-endian u32, then the elements. Only unsigned bytes (type 0x08) are read.
 *
 * Source: "The MNIST database", section "File formats" (LeCun, Cortes, Burges).
 */
import { DatasetError } from './errors.ts';

/** Files that claim more elements than this are refused before anything is allocated: 1 GiB. */
export const MAX_IDX_BYTES = 2 ** 30;

/** Longest header that is read: 4 bytes and four dimensions. */
export const MAX_IDX_HEADER = 20;

const UNSIGNED_BYTE = 0x08;

/** A decoded idx file. `data` is a view on the bytes it was decoded from, in row-major order. */
export interface Idx {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What the first bytes of an idx file promise. */
export interface IdxHeader {
  readonly shape: readonly number[];
  readonly headerBytes: number;
  /** Exact length of the whole file. */
  readonly totalBytes: number;
}

/**
 * Reads the header of an idx file of unsigned bytes.
 *
 * @param bytes at least the header; more does no harm.
 * @param name what to call the file in an error.
 * @param dimensions how many dimensions it must have.
 * @throws DatasetError `idx-truncated`, `idx-magic`, `idx-count` (a dimension is 0), `idx-large`.
 */
export function parseIdxHeader(bytes: Uint8Array, name: string, dimensions: number): IdxHeader {
  const headerBytes = 4 + 4 * dimensions;
  if (bytes.length < 4) throw new DatasetError('idx-truncated', `${name} is cut short: it has no idx header`);
  if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== UNSIGNED_BYTE || bytes[3] !== dimensions) {
    const found = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
    const wanted = `00000${UNSIGNED_BYTE.toString(16)}0${dimensions}`;
    throw new DatasetError(
      'idx-magic',
      `${name} is not an idx file of bytes with ${dimensions} dimensions: it begins with ${found}, not ${wanted}`,
    );
  }
  if (bytes.length < headerBytes) {
    throw new DatasetError('idx-truncated', `${name} is cut short: it ends inside its idx header`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: dimensions }, (_, index) => view.getUint32(4 + 4 * index));
  // Four u32 factors may leave the exact integers of a double, but only far above the limit they are compared to.
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  if (elements === 0) throw new DatasetError('idx-count', `${name} says it holds nothing: shape ${shape.join('x')}`);
  if (elements > MAX_IDX_BYTES) {
    throw new DatasetError(
      'idx-large',
      `${name} says it holds ${shape.join('x')} bytes, more than the ${MAX_IDX_BYTES} that are read`,
    );
  }
  return { shape, headerBytes, totalBytes: headerBytes + elements };
}

/**
 * Decodes an idx file of unsigned bytes whose length must be exactly what its header says.
 *
 * @param dimensions how many dimensions it must have: 3 for images, 1 for labels.
 * @throws DatasetError as {@link parseIdxHeader}; `idx-truncated` if bytes are missing, `idx-count` if some are left.
 */
export function decodeIdx(bytes: Uint8Array, name: string, dimensions: number): Idx {
  const { shape, headerBytes, totalBytes } = parseIdxHeader(bytes, name, dimensions);
  if (bytes.length < totalBytes) {
    throw new DatasetError(
      'idx-truncated',
      `${name} is cut short: ${bytes.length} of the ${totalBytes} bytes that ${shape.join('x')} needs`,
    );
  }
  if (bytes.length > totalBytes) {
    throw new DatasetError('idx-count', `${name} is longer than the ${totalBytes} bytes that ${shape.join('x')} needs`);
  }
  return { shape, data: bytes.subarray(headerBytes) };
}
