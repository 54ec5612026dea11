/** The real images that a judge compares others with: the data set's own, of both splits. */
import { loadDataset } from '@gradcast/dataset';
import type { Dataset, DatasetOptions } from '@gradcast/dataset';
import { classifierLayers } from '@gradcast/classifier';
import { RealImages } from '@gradcast/evaluate';
import type { QualityScores } from '@gradcast/evaluate';
import { JudgeError } from './errors.ts';
import { FLOOR_SAMPLES, FLOORS } from './floors.ts';
import type { Judge } from './judge.ts';
import { judgesOf, whoHasJudges } from './judges.ts';
import { seenImages } from './seen-images.ts';
import type { SeenOptions } from './seen-images.ts';

/** Images of both splits, `[count, 28, 28, 1]`, a byte a pixel. */
export interface RealPixels {
  /** SHA-256 of the training split, as a run's definition has it. */
  readonly dataset: string;
  readonly training: Uint8Array;
  readonly test: Uint8Array;
  /** `[count]`, of the test images. */
  readonly testLabels: Uint8Array;
}

/**
 * Reads a data set that there is a judge for.
 *
 * @param directory as of a run; undefined for MNIST.
 * @throws JudgeError `no-judge` for any other data set; DatasetError.
 */
export async function loadRealPixels(directory: string | undefined): Promise<RealPixels> {
  return withSet({ directory, split: 'train' }, async (training) => {
    if (judgesOf(training.sha256).length === 0) {
      throw new JudgeError('no-judge', `there is no judge for ${training.title}: ${whoHasJudges()}`);
    }
    const test = await withSet({ directory, split: 'test' }, (set) =>
      Promise.resolve({ test: pixelsOf(set), testLabels: set.labels!.read(allOf(set)) as Uint8Array }),
    );
    return { dataset: training.sha256, training: pixelsOf(training), ...test };
  });
}

/** What a judge sees in real images, ready to compare others with; what it saw before comes from the cache folder. */
export async function judgeReal(
  judge: Judge,
  { training, test }: RealPixels,
  options: SeenOptions = {},
): Promise<RealImages> {
  const { features: dimensions, classes } = classifierLayers;
  return new RealImages({
    test: await seenImages(judge, test, options),
    training: await seenImages(judge, training, options),
    dimensions,
    classes,
  });
}

/** What so many real images score; known of the usual number. */
export function floorOf(judge: Judge, real: RealImages, count: number): QualityScores {
  const known = count === FLOOR_SAMPLES ? FLOORS[judge.record.file] : undefined;
  return known ?? real.floor(count);
}

async function withSet<T>(options: DatasetOptions, use: (set: Dataset) => Promise<T>): Promise<T> {
  const set = await loadDataset(options);
  try {
    return await use(set);
  } finally {
    await set.close();
  }
}

function pixelsOf(set: Dataset): Uint8Array {
  return set.inputs.read(allOf(set)) as Uint8Array;
}

function allOf({ count }: Dataset): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => index);
}
