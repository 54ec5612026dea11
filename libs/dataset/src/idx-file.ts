/**
 * One idx file as a source, plain or gzip'ed. A compressed file is inflated no further than its own header promises, and as a
 * stream, so a small file cannot ask for unbounded memory.
 */
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGunzip, gunzip } from 'node:zlib';
import { ByteFile } from './byte-file.ts';
import { DatasetError } from './errors.ts';
import { assertIdxLength, idxHeaderBytes, parseIdxHeader } from './idx.ts';
import type { IdxHeader } from './idx.ts';
import { imageShape } from './shapes.ts';
import type { Source } from './source.ts';

/** Compressed bytes that surely hold the header, a long file name in gzip's own included. */
const PEEK_BYTES = 4096;

/** No gzip file holds more for each of its bytes. Source: zlib's technical details, "Maximum Compression Factor". */
const MAX_RATIO = 1032;

export interface IdxSource extends Source {
  readonly header: Uint8Array;
}

/**
 * @param rank how many dimensions it must have, samples included: 3 for grey images, 1 for labels.
 * @throws DatasetError those of {@link ByteFile.open} and of the header; `idx-truncated` and `idx-count` for another length;
 *   for a compressed file, also while it is read, `idx-gzip` (not gzip, or damaged).
 */
export async function openIdx(path: string, root: string, rank: number): Promise<IdxSource> {
  const file = await ByteFile.open(path, root);
  try {
    const isZipped = path.endsWith('.gz');
    const peek = new Uint8Array(Math.min(file.size, isZipped ? PEEK_BYTES : idxHeaderBytes(rank)));
    await file.fill(peek, 0);
    const first = isZipped ? await inflatePeek(peek, path) : peek;
    const header = parseIdxHeader(first, path, rank);
    if (!isZipped) assertIdxLength(file.size, header, path);
    else if (header.totalBytes > file.size * MAX_RATIO) assertIdxLength(file.size * MAX_RATIO, header, path);
    const { shape, headerBytes } = header;
    return {
      path,
      dtype: 'u8',
      count: shape[0],
      shape: imageShape(shape.slice(1)),
      header: first.slice(0, headerBytes),
      file: isZipped ? undefined : { bytes: file, offset: headerBytes },
      chunks: () => (isZipped ? inflated(file, header) : file.chunks(headerBytes)),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function inflatePeek(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw inflateFault(path, cause);
  }
}

async function* inflated(file: ByteFile, header: IdxHeader): AsyncGenerator<Uint8Array, void> {
  const unzipped = createGunzip();
  // Its failure comes out of the iteration below.
  pipeline(Readable.from(copies(file)), unzipped, () => undefined);
  let seen = 0;
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      const part = chunk.subarray(Math.min(chunk.length, Math.max(0, header.headerBytes - seen)));
      seen += chunk.length;
      if (seen > header.totalBytes) {
        throw new DatasetError('idx-count', `${file.path} holds more bytes than its header says`);
      }
      if (part.length > 0) yield part;
    }
  } catch (cause) {
    throw inflateFault(file.path, cause);
  }
  assertIdxLength(seen, header, file.path);
}

/** A stream reads on before the chunk before was used. */
async function* copies(file: ByteFile): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of file.chunks(0)) yield chunk.slice();
}

function inflateFault(path: string, cause: unknown): DatasetError {
  if (cause instanceof DatasetError) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return new DatasetError('idx-truncated', `${path} is cut short`, { cause });
  return new DatasetError('idx-gzip', `${path} is not a sound gzip file`, { cause });
}
