/**
 * A data set as the run sees it: images of 28x28 bytes and a label for each. Stage one of the way of the data; the
 * sample stream refers to images by their index here, so the order of the files is never changed.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { DatasetError } from './errors.ts';
import { readIdxBytes } from './idx-file.ts';
import { decodeIdx } from './idx.ts';
import { mnistFolder, verifyMnist } from './mnist.ts';

/** Height and width of every image, in pixels. */
export const IMAGE_SIDE = 28;

/** Bytes of one image. */
export const IMAGE_BYTES = IMAGE_SIDE * IMAGE_SIDE;

/** Which half of a published data set. */
export type Split = 'train' | 'test';

/** Images and labels, index by index. */
export interface Dataset {
  /** `mnist`, or the name of the folder it was read from. */
  readonly name: string;
  /** `[count, 28, 28]`, one byte per pixel, 0 to 255. */
  readonly images: Uint8Array;
  /** `[count]`. */
  readonly labels: Uint8Array;
  readonly count: number;
  /** Hex SHA-256 of the image bytes followed by the label bytes: the same whether the files were compressed or not. */
  readonly sha256: string;
}

/** Where to read from. */
export interface DatasetOptions {
  /** A folder with idx files named as MNIST's, plain or `.gz`; without it the installed MNIST is read. */
  readonly directory?: string | undefined;
  /** Default `train`. */
  readonly split?: Split;
}

/**
 * Reads a data set: MNIST, checked against its published digests, or any folder of idx files of 28x28 images.
 *
 * @throws DatasetError `data-missing`, `data-checksum`, `idx-shape`, `idx-mismatch`, or another `idx-…` code for a
 *   file that is damaged.
 */
export async function loadDataset({ directory, split = 'train' }: DatasetOptions = {}): Promise<Dataset> {
  const bundled = directory === undefined;
  const folder = bundled ? mnistFolder() : resolve(directory);
  await assertFolder(folder);
  const stem = split === 'train' ? 'train' : 't10k';
  const imagesPath = await findFile(folder, `${stem}-images`, 'idx3-ubyte');
  const labelsPath = await findFile(folder, `${stem}-labels`, 'idx1-ubyte');
  const imageBytes = await readIdxBytes(imagesPath, 3);
  const labelBytes = await readIdxBytes(labelsPath, 1);
  if (bundled) {
    verifyMnist(basename(imagesPath), imageBytes);
    verifyMnist(basename(labelsPath), labelBytes);
  }
  const images = decodeIdx(imageBytes, imagesPath, 3);
  const labels = decodeIdx(labelBytes, labelsPath, 1);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (height !== IMAGE_SIDE || width !== IMAGE_SIDE) {
    throw new DatasetError(
      'idx-shape',
      `${imagesPath} holds images of ${height}x${width}; only ${IMAGE_SIDE}x${IMAGE_SIDE} can be trained on`,
    );
  }
  if (labels.data.length !== count) {
    throw new DatasetError(
      'idx-mismatch',
      `${folder} has ${count} ${split} images but ${labels.data.length} labels for them`,
    );
  }
  return {
    name: bundled ? 'mnist' : basename(folder),
    images: images.data,
    labels: labels.data,
    count,
    sha256: createHash('sha256').update(images.data).update(labels.data).digest('hex'),
  };
}

async function assertFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new DatasetError('data-missing', `the data folder ${folder} ${found ? 'is not a folder' : 'does not exist'}`);
  }
}

/** Both spellings in the wild are taken: `train-images-idx3-ubyte` and, as some tools unpack it, `train-images.idx3-ubyte`. */
async function findFile(folder: string, stem: string, kind: string): Promise<string> {
  for (const separator of ['-', '.']) {
    for (const ending of ['', '.gz']) {
      const path = join(folder, `${stem}${separator}${kind}${ending}`);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile()) return path;
    }
  }
  throw new DatasetError('data-missing', `the data folder ${folder} has no ${stem}-${kind}, plain or .gz`);
}
