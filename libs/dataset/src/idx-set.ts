/** A data set of idx files, named as MNIST's and its relatives' are: `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`. */
import { join } from 'node:path';
import { DatasetError } from './errors.ts';
import { onlyOne } from './folder.ts';
import type { Listing } from './folder.ts';
import { openIdx } from './idx-file.ts';
import type { IdxSource } from './idx-file.ts';
import type { Kind, OpenedSet, Split } from './kind.ts';

/** Both spellings in the wild, and EMNIST's, whose names begin with the part of it that they hold. */
const NAME = /^(?<part>.+-)?(?<half>train|t10k|test)-(?<what>images|labels)[-.]idx(?<rank>[1-9])-ubyte(?:\.gz)?$/;

interface IdxName {
  readonly name: string;
  readonly part: string;
  readonly split: Split;
  readonly what: string;
  readonly rank: number;
}

function idxNames({ files }: Listing): IdxName[] {
  return files.flatMap((name) => {
    const found = NAME.exec(name)?.groups;
    if (!found) return [];
    const { part = '', half, what, rank } = found;
    return [{ name, part, split: half === 'train' ? 'train' : 'test', what, rank: Number(rank) }];
  });
}

/** Of one file that lies there twice, the plain one is read, and `-idx3` before `.idx3`: what sorts first. */
function choose(folder: string, found: readonly IdxName[], what: string): IdxName | undefined {
  const keys = new Map<string, IdxName>();
  for (const candidate of found) {
    const key = candidate.name.replace(/\.gz$/, '').replace('.idx', '-idx');
    if (!keys.has(key)) keys.set(key, candidate);
  }
  const name = onlyOne(folder, [...keys.keys()], what);
  return name === undefined ? undefined : keys.get(name);
}

interface IdxSet extends OpenedSet {
  readonly inputs: IdxSource;
  readonly labels: IdxSource | undefined;
}

/** @throws DatasetError `data-missing`, `data-ambiguous`, and those of the files. */
export async function openIdxSet(listing: Listing, split: Split): Promise<IdxSet> {
  const { path: folder } = listing;
  const half = idxNames(listing).filter((name) => name.split === split);
  const allImages = half.filter(({ what }) => what === 'images');
  const images = choose(folder, allImages, `${split} images`);
  if (!images) {
    const wanted = split === 'train' ? 'train-images-idx3-ubyte' : 't10k-images-idx3-ubyte';
    throw new DatasetError('data-missing', `the data folder ${folder} has no ${wanted}, plain or .gz`);
  }
  const ofImages = half.filter(({ what, part }) => what === 'labels' && part === images.part);
  const labels = choose(folder, ofImages, `${split} labels`);
  const inputs = await openIdx(join(folder, images.name), folder, images.rank);
  try {
    const opened = labels && (await openIdx(join(folder, labels.name), folder, 1));
    return { inputs, labels: opened, classNames: undefined };
  } catch (error) {
    await inputs.close();
    throw error;
  }
}

export const idxKind: Kind = {
  title: 'idx files',
  fits: (listing) => idxNames(listing).some(({ what }) => what === 'images'),
  open: openIdxSet,
};
