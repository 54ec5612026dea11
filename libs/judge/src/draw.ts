/** Draws the images that are to be judged. */
import { outputInputs, referenceInputs } from '@gradcast/evaluate';
import type { Originals } from '@gradcast/evaluate';
import { fieldShapes } from '@gradcast/task';
import type { GradientEngine, ImageOutput } from '@gradcast/task';
import { sizeOf, sliceFields } from '@gradcast/tensors';
import { PROGRESS_IMAGES } from './judge.ts';
import type { OnProgress } from './judge.ts';

export interface DrawOptions {
  readonly count: number;
  readonly seed: number;
  readonly originals?: Originals | undefined;
  readonly onProgress?: OnProgress;
}

/**
 * The first images of a seed: the same bytes as `gradcast sample` draws.
 *
 * @param engine holds the parameters to draw with.
 * @returns `[count, ...shape]`.
 */
export async function drawImages(
  engine: GradientEngine,
  output: ImageOutput,
  { count, seed, originals, onProgress }: DrawOptions,
): Promise<Uint8Array> {
  const { fields } = outputInputs(output, { count, seed, originals });
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
