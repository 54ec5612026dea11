/**
 * Reading idx files from disk, plain or gzip'ed. A compressed file is inflated no further than its own header
 * promises, so a small file cannot ask for unbounded memory.
 */
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, gunzip } from 'node:zlib';
import { DatasetError } from './errors.ts';
import { MAX_IDX_BYTES, MAX_IDX_HEADER, parseIdxHeader } from './idx.ts';

const inflate = promisify(gunzip);

/** Compressed bytes that surely hold the first {@link MAX_IDX_HEADER} bytes, a long file name in the header included. */
const PEEK_BYTES = 4096;

/**
 * The bytes of one idx file, header included; a name that ends in `.gz` is inflated.
 *
 * @param dimensions how many dimensions it must have: 3 for images, 1 for labels.
 * @throws DatasetError `data-missing`, `idx-large`; for a compressed file also `idx-gzip` (not gzip, or damaged),
 *   `idx-truncated`, `idx-count` and those of its header.
 */
export async function readIdxBytes(path: string, dimensions: number): Promise<Uint8Array> {
  const bytes = await readBounded(path);
  return path.endsWith('.gz') ? inflateIdx(bytes, path, dimensions) : bytes;
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_IDX_BYTES + MAX_IDX_HEADER) {
      throw new DatasetError('idx-large', `${path} has ${size} bytes, more than the ${MAX_IDX_BYTES} that are read`);
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    throw new DatasetError('data-missing', `${path} cannot be read`, { cause });
  }
}

async function inflateIdx(bytes: Uint8Array, path: string, dimensions: number): Promise<Uint8Array> {
  const peek = await inflateOr(path, bytes.subarray(0, PEEK_BYTES), { finishFlush: constants.Z_SYNC_FLUSH });
  const { totalBytes } = parseIdxHeader(peek, path, dimensions);
  return inflateOr(path, bytes, { maxOutputLength: totalBytes });
}

async function inflateOr(
  path: string,
  bytes: Uint8Array,
  options: { finishFlush?: number; maxOutputLength?: number },
): Promise<Uint8Array> {
  try {
    return await inflate(bytes, options);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DatasetError('idx-count', `${path} holds more bytes than its header says`, { cause });
    }
    if (code === 'Z_BUF_ERROR') throw new DatasetError('idx-truncated', `${path} is cut short`, { cause });
    throw new DatasetError('idx-gzip', `${path} is not a sound gzip file`, { cause });
  }
}
