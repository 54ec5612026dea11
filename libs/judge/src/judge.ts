/** A trained classifier that says what it sees in images: features to compare sets by, and scores by class. */
import { classifierLayers } from '@gradcast/classifier';
import { openEngine } from '@gradcast/engine';
import type { BackendProfile, LoadedBackend } from '@gradcast/engine';
import type { Judged } from '@gradcast/evaluate';
import type { GradientEngine, ImageOutput, TaskOutput } from '@gradcast/task';
import { sizeOf } from '@gradcast/tensors';
import type { JudgeRecord } from './judges.ts';
import { JUDGED_NUMBERS, judgeTask } from './judge-task.ts';
import { loadWeights } from './weights.ts';

/** Told how many images of how many were looked at. */
export type OnProgress = (done: number, of: number) => void;

/** Height, width and channels of the images that judges read. */
export const JUDGED_SHAPE = classifierLayers.images.shape;

/** Whether judges read what a task gives. */
export function isJudged(output: TaskOutput | undefined): output is ImageOutput {
  return output?.values.kind === 'image' && output.values.shape.join() === JUDGED_SHAPE.join();
}

/** Images between two reports of progress; a multiple of what engines take at once, so that it changes no bit. */
export const PROGRESS_IMAGES = 1024;

/** Images that engines take at once: the first of many, seen alone, have the same bits. */
export const PROBE_IMAGES = 256;

export class Judge {
  readonly record: JudgeRecord;
  /** Within which its numbers have the same bits. */
  readonly profile: BackendProfile;
  /** How many it tells apart. */
  readonly classes = classifierLayers.classes;
  readonly #engine: GradientEngine;

  constructor(record: JudgeRecord, engine: GradientEngine, profile: BackendProfile) {
    this.record = record;
    this.profile = profile;
    this.#engine = engine;
  }

  /**
   * What it sees in images.
   *
   * @param images `[count, 28, 28, 1]`, a byte a pixel, 255 white.
   * @throws RangeError if they are no whole images.
   */
  async see(images: Uint8Array, onProgress: OnProgress = () => undefined): Promise<Judged> {
    const { images: field, features: width, classes } = classifierLayers;
    const pixels = sizeOf(field.shape);
    const count = images.length / pixels;
    if (!Number.isInteger(count)) throw new RangeError(`${images.length} bytes are no images of ${pixels}`);
    const features = new Float32Array(count * width);
    const scores = new Float32Array(count * classes);
    for (let first = 0; first < count; first += PROGRESS_IMAGES) {
      const size = Math.min(PROGRESS_IMAGES, count - first);
      const part = images.subarray(first * pixels, (first + size) * pixels);
      const numbers = (await this.#engine.infer({ size, fields: { [field.name]: part } })) as Float32Array;
      for (let i = 0; i < size; i++) {
        const from = i * JUDGED_NUMBERS;
        features.set(numbers.subarray(from, from + width), (first + i) * width);
        scores.set(numbers.subarray(from + width, from + JUDGED_NUMBERS), (first + i) * classes);
      }
      onProgress(first + size, count);
    }
    return { features, scores };
  }

  dispose(): void {
    this.#engine.dispose();
  }
}

/** A judge on a backend, which must stay current in tfjs-core. @throws JudgeError `judge-weights`. */
export async function openJudge(record: JudgeRecord, backend: LoadedBackend): Promise<Judge> {
  const weights = await loadWeights(record);
  const engine = await openEngine(judgeTask(), backend);
  engine.load(weights);
  return new Judge(record, engine, backend.profile);
}
