/** Draws the images that are to be judged. */
import { outputInputs, referenceInputs } from '@gradcast/evaluate';
import type { Originals } from '@gradcast/evaluate';
import { chosenLabels, fieldShapes } from '@gradcast/task';
import type { GradientEngine, ImageOutput } from '@gradcast/task';
import { sizeOf, sliceFields } from '@gradcast/tensors';
import { PROGRESS_IMAGES } from './judge.ts';
import type { OnProgress } from './judge.ts';

export interface DrawOptions {
  readonly count: number;
  readonly seed: number;
  readonly originals?: Originals | undefined;
  /**
   * Classes to draw where they may be chosen, again from the first when all are drawn: those of the test images, so that classes
   * are as frequent as there.
   */
  readonly labels: Uint8Array;
  readonly onProgress?: OnProgress;
}

/**
 * The first images of a seed: the same bytes as `gradcast sample` draws of the same classes.
 *
 * @param engine holds the parameters to draw with.
 * @returns `[count, ...shape]`.
 */
export async function drawImages(
  engine: GradientEngine,
  output: ImageOutput,
  { count, seed, originals, labels, onProgress }: DrawOptions,
): Promise<Uint8Array> {
  const label = chosenLabels(output) && Uint8Array.from({ length: count }, (_, i) => labels[i % labels.length]);
  const { fields } = outputInputs(output, { count, seed, originals: label ? { ...originals, label } : originals });
  const reference = referenceInputs(output, originals);
  const pixels = sizeOf(output.values.shape);
  const images = new Uint8Array(count * pixels);
  for (let first = 0; first < count; first += PROGRESS_IMAGES) {
    const size = Math.min(PROGRESS_IMAGES, count - first);
    const part = { size, fields: sliceFields(fields, fieldShapes(output.inputs), first, size) };
    images.set(await engine.infer(part, reference), first * pixels);
    onProgress?.(first + size, count);
  }
  return images;
}
