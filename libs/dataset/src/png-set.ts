/** A data set of PNG images in folders, each class in its own; see `png-tree.ts` for where they lie. */
import { readFile } from 'node:fs/promises';
import { assertFile, assertWithin, unreadable } from './byte-file.ts';
import { DatasetError } from './errors.ts';
import type { Kind } from './kind.ts';
import { decodePng } from './png.ts';
import type { PngImage } from './png.ts';
import { holdsPngs, pngTree } from './png-tree.ts';
import type { Source } from './source.ts';

/** Files that are read at once, in order, while those before are decoded. */
const FILES_AT_ONCE = 8;

/** Longest file: more than any image of the largest size takes, and {@link FILES_AT_ONCE} of them are well within bounds. */
export const MAX_PNG_BYTES = 24 * 2 ** 20;

export const pngKind: Kind = {
  title: 'PNG images',
  fits: (listing) => holdsPngs(listing),
  async open(listing, split) {
    const { path: root } = listing;
    const { images, labels, classNames } = await pngTree(listing, split);
    if (images.length === 0) throw new DatasetError('data-missing', `${root} has no ${split} images`);
    const { shape } = await readPng(images[0], root);
    const inputs: Source = {
      path: root,
      dtype: 'u8',
      count: images.length,
      shape,
      chunks: () => pixels(images, { root, shape }),
      close: () => Promise.resolve(),
    };
    return { inputs, labels: labels && heldSource(labels, root), classNames };
  },
};

async function* pixels(
  images: readonly string[],
  { root, shape }: { root: string; shape: PngImage['shape'] },
): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < images.length; at += FILES_AT_ONCE) {
    const read = images.slice(at, at + FILES_AT_ONCE).map((path) => readPng(path, root));
    // The first that fails is told; the others must not go unheard.
    for (const [i, image] of (await Promise.all(read)).entries()) {
      if (image.shape.join() !== shape.join()) {
        throw new DatasetError(
          'png-shape',
          `${images[at + i]} is ${image.shape.join('x')}, and ${images[0]} is ${shape.join('x')}: all must be of one size`,
        );
      }
      yield image.pixels;
    }
  }
}

async function readPng(path: string, root: string): Promise<PngImage> {
  await assertWithin(path, root);
  const size = await assertFile(path);
  if (size > MAX_PNG_BYTES) {
    throw new DatasetError('data-large', `${path} has ${size} bytes; ${MAX_PNG_BYTES} are the most that are read`);
  }
  const bytes = await readFile(path).catch((error: unknown) => Promise.reject(unreadable(path, error)));
  return decodePng(bytes, path);
}

function heldSource(values: Uint8Array, path: string): Source {
  return {
    path,
    dtype: 'u8',
    shape: [],
    count: values.length,
    // eslint-disable-next-line @typescript-eslint/require-await -- what is in memory is there at once
    async *chunks() {
      yield values;
    },
    close: () => Promise.resolve(),
  };
}
