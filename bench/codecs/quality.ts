/**
 * How far the images of a run lie from MNIST's: the Fréchet distance of Gaussians fitted to the first 64 principal
 * components of the pixels, 0 to 1, of the real training images.
 *
 * This is not the FID: there is no Inception network in it, and its numbers can be compared with nothing but each other.
 * It sees strokes at the wrong places, with the wrong strength or in too few varieties, and not whether a digit can be
 * read. Samples of any distribution lie further from it the fewer they are, so all runs draw the same number, and as
 * many real images are the floor to read them against.
 */
import { readFile } from 'node:fs/promises';
import { loadDataset, wholeColumn } from '@gradcast/dataset';
import { fitGaussian, frechetDistance, principalComponents, project } from '@gradcast/evaluate';
import { SampleStream } from '@gradcast/schedule';

export const COMPONENTS = 64;
/** Images that each run draws. */
export const SAMPLES = 4096;
const PIXELS = 28 * 28;
const SHUFFLE_SEED = 0;

/** Distances to read others by. */
export interface Distances {
  /** Between two disjoint halves of the real images. */
  readonly halves: number;
  /** Between {@link SAMPLES} of them and the others. */
  readonly sameCount: number;
  /** To a generator that draws nothing but the mean of the real ones. */
  readonly meanImage: number;
}

export interface RealImages {
  /** Distance of `[n, 28, 28]` bytes. */
  readonly distanceOf: (images: Uint8Array) => number;
  readonly scale: Distances;
  /** Share of the variance that the components hold. */
  readonly heldVariance: number;
}

/** Fits the real images, some seconds. */
export async function realImages(): Promise<RealImages> {
  const { inputs, count } = await loadDataset();
  const images = wholeColumn(inputs) as Uint8Array;
  const components = principalComponents(images, COMPONENTS);
  const features = project(images, components);
  const real = fitGaussian(features, COMPONENTS);
  // Shuffled: in MNIST's files images of two populations of writers alternate, and neighbours are of one writer.
  const shuffled = new SampleStream({ samples: count, seed: SHUFFLE_SEED }).samplesAt(0, count);
  const fitted = (indices: Uint32Array) => {
    const rows = new Float64Array(indices.length * COMPONENTS);
    for (const [place, index] of indices.entries()) {
      rows.set(features.subarray(index * COMPONENTS, (index + 1) * COMPONENTS), place * COMPONENTS);
    }
    return fitGaussian(rows, COMPONENTS);
  };
  const distanceOfSplit = (at: number) =>
    frechetDistance(fitted(shuffled.subarray(at)), fitted(shuffled.subarray(0, at)));
  const still = { mean: real.mean, covariance: new Float64Array(COMPONENTS ** 2) };
  return {
    distanceOf: (drawn) => frechetDistance(real, fitGaussian(project(drawn, components), COMPONENTS)),
    scale: {
      halves: distanceOfSplit(count >> 1),
      sameCount: distanceOfSplit(SAMPLES),
      meanImage: frechetDistance(real, still),
    },
    heldVariance: components.variances.reduce((sum, variance) => sum + variance, 0) / components.totalVariance,
  };
}

/** The pixels of what `gradcast sample --count SAMPLES` wrote, `[SAMPLES, 28, 28]` bytes. */
export async function readSamples(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.subarray(10, start).toString('latin1');
  if (!header.includes(`'shape': (${SAMPLES}, 28, 28)`) || bytes.length !== start + SAMPLES * PIXELS) {
    throw new Error(`${path} does not hold ${SAMPLES} images: ${header.trim()}`);
  }
  return new Uint8Array(bytes.subarray(start));
}
