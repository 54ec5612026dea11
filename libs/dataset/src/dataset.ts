/**
 * A data set as the run sees it: inputs and a label for each, by index. Stage one of the way of the data; the sample stream
 * refers to samples by their index here, so the order of the files is never changed.
 */
import { basename, join, resolve } from 'node:path';
import { cacheFolder } from '@gradcast/files';
import { HELD_BYTES, wholeColumn } from './column.ts';
import type { Column, ColumnShape } from './column.ts';
import { beginDigest } from './digest.ts';
import { DatasetError } from './errors.ts';
import { list, realFolder } from './folder.ts';
import type { Listing } from './folder.ts';
import { idxKind } from './idx-set.ts';
import type { Kind, OpenedSet, Split } from './kind.ts';
import { mnistFolder, openMnist } from './mnist.ts';
import { npyKind } from './npy-set.ts';
import { pngKind } from './png-set.ts';
import { takeIn } from './source.ts';
import type { Source, TakenIn } from './source.ts';

/** What is known of a data set once it is open: everything but the inputs themselves. */
export interface DatasetFacts {
  /** `mnist`, or the name of the folder it was read from. */
  readonly name: string;
  /** As a sentence has it: `MNIST`, or `the data set in DIR`. */
  readonly title: string;
  /** Samples. */
  readonly count: number;
  readonly inputs: ColumnShape;
  /** One byte a sample; undefined for a data set without labels. */
  readonly labels: Column | undefined;
  /** Labels are below this; 0 without labels. */
  readonly classes: number;
  /** Names of the classes by label, where they have names. */
  readonly classNames: readonly string[] | undefined;
}

export interface OpenDataset extends DatasetFacts {
  /**
   * Reads everything once, checks it and takes its digest, for which a large set takes minutes. To be called once.
   *
   * @throws DatasetError; the signal's reason.
   */
  read(signal?: AbortSignal): Promise<Dataset>;
  /** Closes what is open; nothing can be read afterwards. */
  close(): Promise<void>;
}

export interface Dataset extends DatasetFacts {
  readonly inputs: Column;
  /** Hex SHA-256 of shape, samples and labels, the same whatever kind of files they lie in; see `digest.ts`. */
  readonly sha256: string;
  /** Closes what is open; nothing can be read afterwards. */
  close(): Promise<void>;
}

/** Where to read from. */
export interface DatasetOptions {
  /** A folder with idx files, `.npy` files or PNG images; without it the installed MNIST is read. */
  readonly directory?: string | undefined;
  /** Default `train`. */
  readonly split?: Split;
  /** Inputs beyond this stay on the disk; default {@link HELD_BYTES}. */
  readonly heldBytes?: number;
  /** Where compressed inputs beyond it are unpacked; default the folder `data` in the user's cache folder. */
  readonly scratch?: string;
}

const KINDS: readonly Kind[] = [idxKind, npyKind, pngKind];

/**
 * Opens MNIST, or what lies in a folder, and reads its labels.
 *
 * @throws DatasetError. `docs/data.md` has the codes.
 */
export async function openDataset(options: DatasetOptions = {}): Promise<OpenDataset> {
  const { directory, split = 'train' } = options;
  if (directory === undefined) {
    return openSet(await openMnist(mnistFolder(), split), { name: 'mnist', title: 'MNIST' }, options);
  }
  const folder = resolve(directory);
  const listing = await list(await realFolder(folder));
  const kind = await kindOf(listing, folder);
  const sources = await kind.open(listing, split);
  return openSet(sources, { name: basename(folder), title: `the data set in ${folder}` }, options);
}

/** Opens a data set and reads it. @throws DatasetError. */
export async function loadDataset(options: DatasetOptions = {}): Promise<Dataset> {
  const opened = await openDataset(options);
  try {
    return await opened.read();
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function kindOf(listing: Listing, folder: string): Promise<Kind> {
  const fitting: Kind[] = [];
  for (const kind of KINDS) if (await kind.fits(listing)) fitting.push(kind);
  if (fitting.length === 0) {
    throw new DatasetError(
      'data-missing',
      `the data folder ${folder} has no train-images-idx3-ubyte, plain or .gz, no images.npy, and no PNG images`,
    );
  }
  if (fitting.length > 1) {
    const titles = fitting.map(({ title }) => title).join(' and ');
    throw new DatasetError('data-ambiguous', `the data folder ${folder} has ${titles}; give each a folder of its own`);
  }
  return fitting[0];
}

async function openSet(
  sources: OpenedSet,
  { name, title }: Pick<DatasetFacts, 'name' | 'title'>,
  { heldBytes = HELD_BYTES, scratch = join(cacheFolder(), 'data') }: DatasetOptions,
): Promise<OpenDataset> {
  const { inputs, labels: labelSource, classNames } = sources;
  let open: readonly (Source | TakenIn)[] = labelSource ? [inputs, labelSource] : [inputs];
  const close = async () => {
    await Promise.all(open.map((each) => each.close()));
  };
  try {
    if (labelSource && labelSource.count !== inputs.count) {
      throw new DatasetError(
        'data-mismatch',
        `${title} has ${inputs.count} samples in ${inputs.path} and ${labelSource.count} labels in ${labelSource.path}`,
      );
    }
    let classes = 0;
    const onBytes = (bytes: Uint8Array) => {
      for (const label of bytes) if (label >= classes) classes = label + 1;
    };
    const labels = labelSource && (await takeIn(labelSource, { heldBytes: Infinity, scratch, onBytes })).column;
    open = [inputs];
    const { dtype, shape, count } = inputs;
    const facts = { name, title, count, labels, classes, classNames };
    return {
      ...facts,
      inputs: { dtype, shape, count },
      read: async (signal) => {
        const digest = beginDigest(inputs, labels !== undefined);
        const onBytes = (bytes: Uint8Array) => digest.update(bytes);
        const samples = await takeIn(inputs, { heldBytes, scratch, onBytes, signal });
        open = [samples];
        if (labels) digest.update(wholeColumn(labels));
        return { ...facts, inputs: samples.column, sha256: digest.digest('hex'), close };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
