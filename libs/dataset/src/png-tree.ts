/**
 * Which PNG images of a folder belong to a half of a data set, and under which labels.
 *
 *     DIR/CLASS/*.png                      or with halves: DIR/train/CLASS/*.png, DIR/test/CLASS/*.png
 *     DIR/*.png (without labels)           DIR/train/*.png, DIR/test/*.png
 *
 * Classes are numbered by their names' order, and images are sorted by class, then by name; names compare by UTF-16 code unit.
 */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { assertWithin } from './byte-file.ts';
import { DatasetError } from './errors.ts';
import { list, MAX_NAMES } from './folder.ts';
import type { Listing } from './folder.ts';
import type { Split } from './kind.ts';

export interface PngTree {
  /** In the order of the samples, by path from the data folder. */
  readonly images: readonly string[];
  /** One for each image; undefined for a data set without labels. */
  readonly labels: Uint8Array | undefined;
  readonly classNames: readonly string[] | undefined;
}

/** What may lie beside `train` and is not read. */
const OTHER_HALVES = ['test', 'val', 'valid', 'validation'];
/** What systems leave in folders that were looked at. */
const LEFTOVERS = ['Thumbs.db', 'desktop.ini'];
const MAX_CLASSES = 256;

const isPng = (name: string) => /\.png$/i.test(name);

/** Whether a folder holds images, at one of the places above. */
export async function holdsPngs({ path, files, folders }: Listing): Promise<boolean> {
  if (files.some(isPng)) return true;
  for (const folder of folders) {
    const inner = join(path, folder);
    if (await hasPng(inner)) return true;
    if (!['train', 'test'].includes(folder)) continue;
    for (const name of (await list(inner)).folders) if (await hasPng(join(inner, name))) return true;
  }
  return false;
}

async function hasPng(folder: string): Promise<boolean> {
  // What cannot be read is no reason to refuse another kind of data set beside it.
  const entries = await opendir(folder).catch(() => undefined);
  for await (const { name } of entries ?? []) if (isPng(name)) return true;
  return false;
}

/** @throws DatasetError `data-missing`, `data-ambiguous`, `data-classes`, `data-large`, `png-name`, and those of the folder. */
export async function pngTree(root: Listing, split: Split): Promise<PngTree> {
  const hasHalves = root.folders.includes('train');
  if (!hasHalves) {
    if (split === 'test') {
      throw new DatasetError('data-missing', `the data folder ${root.path} has no folders train and test`);
    }
    return treeOf(root, root.path, classesOf(root));
  }
  const beside =
    root.folders.find((name) => name !== 'train' && !OTHER_HALVES.includes(name)) ?? root.files.find(isPng);
  if (beside !== undefined) {
    throw new DatasetError('data-ambiguous', `${root.path} has ${beside} beside train: is train a class or a half?`);
  }
  // Labels mean the same in both halves: those of the training images.
  const train = await list(join(root.path, 'train'));
  const classes = classesOf(train);
  if (split === 'train') return treeOf(train, root.path, classes);
  if (!root.folders.includes('test')) {
    throw new DatasetError('data-missing', `the data folder ${root.path} has no folder test`);
  }
  return treeOf(await list(join(root.path, 'test')), root.path, classes);
}

/** Names of the class folders; undefined where images lie in the folder itself. */
function classesOf({ path, files, folders }: Listing): readonly string[] | undefined {
  const hasImages = files.some(isPng);
  if (hasImages && folders.length > 0) {
    throw new DatasetError('data-ambiguous', `${path} has images of its own and folders, such as ${folders[0]}`);
  }
  if (folders.length > MAX_CLASSES) {
    throw new DatasetError('data-classes', `${path} has ${folders.length} class folders, more than ${MAX_CLASSES}`);
  }
  return hasImages ? undefined : folders;
}

async function treeOf(half: Listing, root: string, classNames: readonly string[] | undefined): Promise<PngTree> {
  await assertWithin(half.path, root);
  const own = classesOf(half);
  if ((own === undefined) !== (classNames === undefined)) {
    throw new DatasetError('data-ambiguous', `${half.path} has labels and the other half has none, or the reverse`);
  }
  if (!own || !classNames) return { images: paths(half, half.files.filter(isPng)), labels: undefined, classNames };
  const images: string[] = [];
  const labels: number[] = [];
  for (const name of own) {
    const label = classNames.indexOf(name);
    if (label < 0)
      throw new DatasetError('data-classes', `${join(half.path, name)}: no training images are of this class`);
    const found = await imagesOf(join(half.path, name), { root, most: MAX_NAMES - images.length });
    for (const path of found) {
      images.push(path);
      labels.push(label);
    }
  }
  return { images, labels: Uint8Array.from(labels), classNames };
}

/** A class folder holds images and nothing else: what was overlooked would be missing from the training. */
async function imagesOf(path: string, { root, most }: { root: string; most: number }): Promise<string[]> {
  await assertWithin(path, root);
  const listing = await list(path, most);
  const stray = [...listing.folders, ...listing.files.filter((name) => !isPng(name) && !LEFTOVERS.includes(name))];
  if (stray.length > 0) {
    throw new DatasetError('png-name', `${join(path, stray[0])} is no .png file, and class folders hold nothing else`);
  }
  const found = listing.files.filter(isPng);
  if (found.length === 0) throw new DatasetError('data-missing', `the class folder ${path} has no image`);
  return paths(listing, found);
}

function paths({ path }: Listing, names: readonly string[]): string[] {
  return names.map((name) => join(path, name));
}
