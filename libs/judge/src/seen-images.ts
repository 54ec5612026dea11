/**
 * What a judge sees in images that never change, kept in the user's cache folder: a data set's own take most of an evaluation's
 * time, and every evaluation needs the same numbers of them.
 *
 * Invariant: what is read is what the judge would see now, to the last bit. A file names the judge, the images by their bytes and
 * the numeric profile; it has a digest of its numbers; and the judge sees the first images anew, whose bits must be the same,
 * since a profile does not name the code that computed. Whatever is wrong with a file or its folder, the judge looks at the images instead.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors } from '@gradcast/checkpoint';
import type { StoredTensor } from '@gradcast/checkpoint';
import { classifierLayers } from '@gradcast/classifier';
import type { Judged } from '@gradcast/evaluate';
import { cacheFolder, writeAtomically } from '@gradcast/files';
import { sizeOf } from '@gradcast/tensors';
import { PROBE_IMAGES } from './judge.ts';
import type { Judge, OnProgress } from './judge.ts';

/** Of the files, in their names and headers. */
const FORMAT = 1;
/**
 * Files that are kept, of up to 33 MB each: both splits, both judges, and two profiles or two data sets. What was used longest ago
 * goes first.
 */
const KEPT = 8;
/** A header is a few hundred bytes. */
const MOST_HEADER_BYTES = 4096;

export interface SeenOptions {
  /** Where the files lie; made if it is not there. By default a folder in the user's cache folder. */
  readonly folder?: string;
  /** Told while the judge looks at images. */
  readonly onProgress?: OnProgress;
}

/**
 * What a judge sees in images, from a file if it saw them before; else it looks at them and leaves a file.
 *
 * @param images `[count, 28, 28, 1]`, a byte a pixel.
 */
export async function seenImages(
  judge: Judge,
  images: Uint8Array,
  { folder = join(cacheFolder(), 'seen'), onProgress }: SeenOptions = {},
): Promise<Judged> {
  const about = factsOf(judge, images);
  const path = join(folder, `${digestOf([Buffer.from(JSON.stringify(about))]).slice(0, 32)}.safetensors`);
  const kept = await read(path, about);
  if (kept && (await isSeenAlike(judge, images, kept))) return kept;
  const seen = await judge.see(images, onProgress);
  await keep(folder, path, { about, seen });
  return seen;
}

/** What decides the numbers, as the header has it. */
type Facts = Readonly<Record<string, string>>;

function factsOf(judge: Judge, images: Uint8Array): Facts {
  return {
    format: String(FORMAT),
    judge: judge.record.sha256,
    images: digestOf([images]),
    count: String(images.length / sizeOf(classifierLayers.images.shape)),
    profile: JSON.stringify(judge.profile),
  };
}

/** Undefined where there is no such file, or none that is whole. */
async function read(path: string, about: Facts): Promise<Judged | undefined> {
  try {
    const bytes = await readExactly(path, about);
    const { tensors, metadata } = decodeSafetensors(bytes, path);
    const seen: Judged = {
      features: numbersOf(tensors['features'], [Number(about['count']), classifierLayers.features]),
      scores: numbersOf(tensors['scores'], [Number(about['count']), classifierLayers.classes]),
    };
    const wanted = JSON.stringify({ ...about, sha256: digestOf(bytesOf(seen)) });
    if (JSON.stringify(metadata) !== wanted) return undefined;
    const now = new Date();
    await utimes(path, now, now).catch(() => undefined);
    return seen;
  } catch {
    return undefined;
  }
}

/** The bytes of a file that may have the right length. @throws the system's error, or RangeError. */
async function readExactly(path: string, about: Facts): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const numbers = Number(about['count']) * (classifierLayers.features + classifierLayers.classes);
    const least = numbers * Float32Array.BYTES_PER_ELEMENT;
    const { size } = await file.stat();
    if (size < least || size > least + MOST_HEADER_BYTES) throw new RangeError(`${size} bytes are no such file`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** @throws RangeError for any other tensor. */
function numbersOf(tensor: StoredTensor | undefined, shape: readonly number[]): Float32Array {
  if (tensor?.dtype === 'F32' && tensor.shape.join() === shape.join()) return tensor.data;
  throw new RangeError(`there are no numbers of shape [${shape.join(', ')}]`);
}

async function isSeenAlike(judge: Judge, images: Uint8Array, { features, scores }: Judged): Promise<boolean> {
  const few = await judge.see(images.subarray(0, PROBE_IMAGES * sizeOf(classifierLayers.images.shape)));
  const known: Judged = {
    features: features.subarray(0, few.features.length),
    scores: scores.subarray(0, few.scores.length),
  };
  return digestOf(bytesOf(few)) === digestOf(bytesOf(known));
}

/** Writes a file if that is possible: where it is not, the next evaluation takes as long as this one. */
async function keep(
  folder: string,
  path: string,
  { about, seen: { features, scores } }: { readonly about: Facts; readonly seen: Judged },
): Promise<void> {
  const count = Number(about['count']);
  const tensors: Readonly<Record<string, StoredTensor>> = {
    features: { dtype: 'F32', shape: [count, classifierLayers.features], data: features },
    scores: { dtype: 'F32', shape: [count, classifierLayers.classes], data: scores },
  };
  const metadata = { ...about, sha256: digestOf(bytesOf({ features, scores })) };
  try {
    await mkdir(folder, { recursive: true });
    await writeAtomically(path, encodeSafetensors({ tensors, metadata }));
    await prune(folder);
  } catch {
    return;
  }
}

/** Removes all but the files used last, what killed processes left half written among them. */
async function prune(folder: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      // Another process may have removed it meanwhile.
      const facts = await stat(path).catch(() => undefined);
      return { path, used: facts?.mtimeMs ?? 0 };
    }),
  );
  const old = files.sort((a, b) => b.used - a.used).slice(KEPT);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}

function bytesOf({ features, scores }: Judged): Uint8Array[] {
  return [features, scores].map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
}

function digestOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
