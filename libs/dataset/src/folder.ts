/**
 * The data folder: what lies in it, in an order that no file system has a say in.
 */
import { opendir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unreadable } from './byte-file.ts';
import { DatasetError } from './errors.ts';

/** Names in a folder, links followed, each list in code unit order; hidden ones and what file systems add are left out. */
export interface Listing {
  readonly path: string;
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** @throws DatasetError `data-missing`. @returns the folder's real path: what no link may lead out of. */
export async function realFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new DatasetError('data-missing', `the data folder ${folder} ${found ? 'is not a folder' : 'does not exist'}`);
  }
  return realpath(folder);
}

/** Names that a folder may have: they are held in memory while a data set is opened, some hundred bytes each. */
export const MAX_NAMES = 2 ** 20;

/** @throws DatasetError `data-unreadable`; `data-name` for a name that is no UTF-8; `data-large` for too many. */
export async function list(path: string, most = MAX_NAMES): Promise<Listing> {
  // Many at a time, since each time costs as much as hundreds of names do.
  const entries = await opendir(path, { bufferSize: 1024 }).catch((error: unknown) =>
    Promise.reject(unreadable(path, error)),
  );
  const files: string[] = [];
  const folders: string[] = [];
  for await (const entry of entries) {
    const { name } = entry;
    if (files.length + folders.length >= most) {
      throw new DatasetError('data-large', `${path} has more than ${most} names; convert the data set to .npy`);
    }
    if (name.startsWith('.') || name === 'lost+found') continue;
    // What a name's bytes mean differs between machines then, and two such names may look alike.
    if (name.includes('\uFFFD')) throw new DatasetError('data-name', `${path} has a name that is no UTF-8: ${name}`);
    const isFolder = entry.isSymbolicLink() ? await leadsToFolder(join(path, name)) : entry.isDirectory();
    (isFolder ? folders : files).push(name);
  }
  return { path, files: files.sort(), folders: folders.sort() };
}

async function leadsToFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/**
 * The one name of several that fit.
 *
 * @returns undefined if none does.
 * @throws DatasetError `data-ambiguous` if more than one does.
 */
export function onlyOne(folder: string, names: readonly string[], what: string): string | undefined {
  if (names.length > 1) {
    const shown = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
    throw new DatasetError('data-ambiguous', `${folder} has more than one file of ${what}: ${shown}`);
  }
  return names[0];
}
