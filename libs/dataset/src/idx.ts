/**
 * The idx format, in which MNIST and its relatives are published: two zero bytes, a type byte, the number of
 * dimensions, each dimension as a big-endian u32, then the elements. Only unsigned bytes (type 0x08) are read.
 *
 * Source: "The MNIST database", section "File formats" (LeCun, Cortes, Burges).
 */
import { DatasetError } from './errors.ts';

const UNSIGNED_BYTE = 0x08;

/** Bytes of a header with so many dimensions. */
export function idxHeaderBytes(dimensions: number): number {
  return 4 + 4 * dimensions;
}

/** What the first bytes of an idx file promise. */
export interface IdxHeader {
  readonly shape: readonly number[];
  readonly headerBytes: number;
  /** Exact length of the whole file. */
  readonly totalBytes: number;
}

/**
 * Reads the header of an idx file of unsigned bytes. Nothing is allocated for what it claims.
 *
 * @param bytes at least the header; more does no harm.
 * @param name what to call the file in an error.
 * @param dimensions how many dimensions it must have.
 * @throws DatasetError `idx-truncated`, `idx-magic`, `idx-count` (a dimension is 0), `data-large` for a product that no file has.
 */
export function parseIdxHeader(bytes: Uint8Array, name: string, dimensions: number): IdxHeader {
  const headerBytes = idxHeaderBytes(dimensions);
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
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  if (elements === 0) throw new DatasetError('idx-count', `${name} says it holds nothing: shape ${shape.join('x')}`);
  if (elements > Number.MAX_SAFE_INTEGER) {
    throw new DatasetError('data-large', `${name} says it holds ${shape.join('x')} bytes`);
  }
  return { shape, headerBytes, totalBytes: headerBytes + elements };
}

/**
 * Whether a file or a stream is as long as its header says.
 *
 * @throws DatasetError `idx-truncated` if bytes are missing, `idx-count` if some are left.
 */
export function assertIdxLength(found: number, { shape, totalBytes }: IdxHeader, name: string): void {
  const wanted = `the ${totalBytes} bytes that ${shape.join('x')} needs`;
  if (found < totalBytes) {
    throw new DatasetError('idx-truncated', `${name} is cut short: ${found} of ${wanted}`);
  }
  if (found > totalBytes) throw new DatasetError('idx-count', `${name} is longer than ${wanted}`);
}
