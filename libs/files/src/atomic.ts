/**
 * Files that are either whole or absent: one temporary file in the same folder, one fsync, one rename, one fsync of
 * the folder. After a power cut the name shows the old bytes or the new ones, never a mixture.
 */
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Temporary files begin with this; what a killed process leaves behind can be told by it. */
export const TEMPORARY_PREFIX = '.tmp-';

/**
 * Writes a file in one piece. The chunks are written as they are, without being joined first.
 *
 * @param path the final name; its folder must exist.
 * @param mode of the file; 0o600 for secrets.
 * @throws the system's error; the temporary file is gone then and an older file of that name is untouched.
 */
export function writeAtomically(path: string, chunks: Iterable<Uint8Array>, mode = 0o644): Promise<void> {
  return replaceFile(path, async (temporary) => {
    const file = await open(temporary, 'w', mode);
    try {
      for (const chunk of chunks) await writeWhole(file, chunk);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/**
 * Gives a file its name once it is whole.
 *
 * @param path the final name; its folder must exist.
 * @param write makes the temporary file, synced.
 * @throws what `write` or the system throws; the temporary file is gone then and an older file of that name is untouched.
 */
export async function replaceFile(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${process.pid}-${basename(path)}`);
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Gives a folder its name once all that lies in it is whole. One that is there already must be empty.
 *
 * @param path the final name; the folder that it lies in must exist.
 * @param fill makes the files of the temporary folder that it is given, synced.
 * @throws what `fill` or the system throws; the temporary folder is gone then.
 */
export async function replaceFolder(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${process.pid}-${basename(path)}`);
  try {
    await mkdir(temporary);
    await fill(temporary);
    await syncFolder(temporary);
    // Not every system renames onto an empty folder, and one that is not empty stays.
    if (await readdir(path).catch(() => undefined)) await rmdir(path);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** One write call may stop short of the whole chunk, at 2 GiB for instance. */
async function writeWhole(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.byteLength;) {
    written += (await file.write(chunk, written)).bytesWritten;
  }
}

/** Makes a rename or a removal in the folder durable. Windows cannot open a folder and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a value as indented JSON, atomically. */
export function writeJson(path: string, value: unknown): Promise<void> {
  return writeAtomically(path, [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)]);
}
