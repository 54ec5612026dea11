import { largest } from '@gradcast/network';

/**
 * Share of samples whose largest score is that of their label; the first of equal ones counts.
 *
 * @param scores `[labels.length, classes]`.
 * @throws RangeError if there are not so many scores, or no samples.
 */
export function accuracy(scores: Float32Array, labels: Uint8Array, classes: number): number {
  if (labels.length === 0 || scores.length !== labels.length * classes) {
    throw new RangeError(`${scores.length} scores are not those of ${labels.length} samples of ${classes} classes`);
  }
  let right = 0;
  for (const [i, label] of labels.entries()) {
    if (largest(scores.subarray(i * classes, (i + 1) * classes)) === label) right += 1;
  }
  return right / labels.length;
}
