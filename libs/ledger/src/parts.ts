/**
 * A ledger's files. Lines are written to `ledger.jsonl`; once it is long enough it is sealed, as `ledger/000001.jsonl`
 * and so on, and compressed to `….jsonl.gz` behind the run's back. The chain runs through all of them in their order.
 *
 * Invariants: a line never lies in two parts; a part's number is how many were sealed before it, plus one, so the place
 * of a line stays the same when its part is sealed or compressed.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { replaceFile, syncFolder, systemCode } from '@gradcast/files';
import { LedgerError } from './errors.ts';

export const LEDGER = 'ledger.jsonl';
/** Folder of sealed parts, and of lines that were cut off. */
export const PARTS_FOLDER = 'ledger';

/** Read at once. */
const CHUNK_BYTES = 2 ** 20;
const PART_NAME = /^([0-9]{6,12})\.jsonl(?:\.gz)?$/;

export interface LedgerPart {
  /** Counted from 1. */
  readonly number: number;
  readonly path: string;
  readonly isCompressed: boolean;
}

/** Where a line ends: its part, and the offset of the byte behind its newline in that part's uncompressed bytes. */
export interface LedgerPlace {
  readonly part: number;
  readonly offset: number;
}

/** The path of a sealed part before it is compressed. */
export function partPath(run: string, number: number): string {
  return join(run, PARTS_FOLDER, `${String(number).padStart(6, '0')}.jsonl`);
}

/** Sealed parts in their order, of each the compressed form if there are both. */
export async function sealedParts(run: string): Promise<LedgerPart[]> {
  const folder = join(run, PARTS_FOLDER);
  const names = await readdir(folder).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return [];
    throw new LedgerError('ledger-missing', `${folder} cannot be read (${systemCode(cause)})`, { cause });
  });
  const parts = new Map<number, LedgerPart>();
  for (const name of names.sort()) {
    const match = PART_NAME.exec(name);
    if (!match) continue;
    const number = Number(match[1]);
    // The compressed form got its name when it was whole.
    parts.set(number, { number, path: join(folder, name), isCompressed: name.endsWith('.gz') });
  }
  return [...parts.values()].sort((a, b) => a.number - b.number);
}

/**
 * All parts of a ledger in their order; the last is the one that is written to.
 *
 * @throws LedgerError `ledger-missing`, or `ledger-damaged` if one between them is not there.
 */
export async function partsOf(run: string): Promise<[LedgerPart, ...LedgerPart[]]> {
  const sealed = await sealedParts(run);
  const hole = sealed.findIndex(({ number }, index) => number !== index + 1);
  if (hole >= 0) {
    throw new LedgerError(
      'ledger-damaged',
      `${partPath(run, hole + 1)} is missing: later parts of the ledger are there`,
    );
  }
  const path = join(run, LEDGER);
  const found = await stat(path).catch((cause: unknown) => systemCode(cause));
  // Between sealing a part and beginning the next there is no file of that name.
  const isThere = typeof found !== 'string' || (found === 'ENOENT' && sealed.length > 0);
  if (!isThere) throw new LedgerError('ledger-missing', `${path} cannot be read (${found})`);
  const [first, ...rest] = [...sealed, { number: sealed.length + 1, path, isCompressed: false }];
  return [first, ...rest];
}

/**
 * The uncompressed bytes of a part, a chunk at a time.
 *
 * @param from offset of the first byte.
 * @throws LedgerError `ledger-missing`, or `ledger-damaged` if it cannot be uncompressed.
 */
export async function* bytesOf({ path, isCompressed }: LedgerPart, from = 0): AsyncGenerator<Buffer> {
  let skip = isCompressed ? from : 0;
  try {
    for await (const chunk of isCompressed ? uncompressed(path) : plain(path, from)) {
      const bytes = chunk as Buffer;
      if (skip < bytes.length) yield skip > 0 ? bytes.subarray(skip) : bytes;
      skip = Math.max(0, skip - bytes.length);
    }
  } catch (cause) {
    const code = systemCode(cause);
    // A part may be empty where its file was never made: see partsOf.
    if (code === 'ENOENT' && basename(path) === LEDGER) return;
    if (code.startsWith('Z_')) {
      throw new LedgerError('ledger-damaged', `${path} is damaged: it cannot be uncompressed (${code})`, { cause });
    }
    if (cause instanceof LedgerError) throw cause;
    throw new LedgerError('ledger-missing', `${path} cannot be read (${code})`, { cause });
  }
}

function plain(path: string, start: number): Readable {
  return createReadStream(path, { start, highWaterMark: CHUNK_BYTES });
}

function uncompressed(path: string): Readable {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // Its failure is seen by whoever reads.
  pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), gunzip).catch(() => undefined);
  return gunzip;
}

/** Writes a compressed file atomically from chunks, one at a time. @param signal gives it up; nothing is left then. */
export async function writeCompressed(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, async (temporary) => {
    await pipeline(Readable.from(chunks, { objectMode: true }), createGzip(), createWriteStream(temporary), { signal });
    const file = await open(temporary, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Seals the part that was written to: gives it its number. Doing it again changes nothing. */
export async function sealPart(run: string, number: number): Promise<void> {
  const path = partPath(run, number);
  await mkdir(dirname(path), { recursive: true });
  const isSealed = await stat(path).then(
    () => true,
    () => false,
  );
  if (!isSealed) await rename(join(run, LEDGER), path);
  await syncFolder(dirname(path));
  await syncFolder(run);
}

/** Compresses what was sealed and is not compressed yet; what fails stays as it is until the next time. */
export async function compressParts(run: string, signal: AbortSignal): Promise<void> {
  for (const part of await sealedParts(run)) {
    const plainPath = partPath(run, part.number);
    if (!part.isCompressed) await writeCompressed(`${plainPath}.gz`, bytesOf(part), signal);
    await rm(plainPath, { force: true });
  }
}
