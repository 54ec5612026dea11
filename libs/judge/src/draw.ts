/** Draws the images that are to be judged. */
import { outputInputs, referenceInputs } from '@gradcast/evaluate';
import type { Originals } from '@gradcast/evaluate';
import { chosenLabels, fieldShapes } from '@gradcast/task';
import type { GradientEngine, ImageOutput } from '@gradcast/task';
import { sizeOf, sliceFields } from '@gradcast/tensors';
import type { OnProgress } from './judge.ts';

/**
 * Images between two reports of progress; a multiple of what engines take at once, so that it changes no bit. Each part
 * needs the statistics of the reference inputs anew, which takes as long as 512 images.
 */
export const DRAWN_AT_ONCE = 5120;

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
  for (let first = 0; first < count; first += DRAWN_AT_ONCE) {
    const size = Math.min(DRAWN_AT_ONCE, count - first);
    const part = { size, fields: sliceFields(fields, fieldShapes(output.inputs), first, size) };
    images.set(await engine.infer(part, reference), first * pixels);
    onProgress?.(first + size, count);
  }
  return images;
}
