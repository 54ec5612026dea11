/** What a classifier reads in samples: which classes, in which shares, and how surely. */
import { largest } from '@gradcast/network';
import { exp, log } from '@gradcast/random';

export interface ClassScores {
  /** Share of each class among the samples, by the largest score. */
  readonly shares: readonly number[];
  /** Entropy of the shares in nats; the natural logarithm of the number of classes where all are as frequent. */
  readonly entropy: number;
  /** Mean of the largest probability of each sample, 0 to 1. */
  readonly confidence: number;
}

/**
 * @param scores `[count, classes]`, before the softmax.
 * @throws RangeError if they are no whole samples or none.
 */
export function classScores(scores: Float32Array, classes: number): ClassScores {
  const count = scores.length / classes;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${scores.length} scores are not those of samples of ${classes} classes`);
  }
  const counts = new Float64Array(classes);
  let confidence = 0;
  for (let from = 0; from < scores.length; from += classes) {
    const sample = scores.subarray(from, from + classes);
    const top = largest(sample);
    counts[top] += 1;
    let sum = 0;
    for (const score of sample) sum += exp(score - sample[top]);
    confidence += 1 / sum;
  }
  const shares = Array.from(counts, (each) => each / count);
  const entropy = shares.reduce((sum, share) => (share > 0 ? sum - share * log(share) : sum), 0);
  return { shares, entropy, confidence: confidence / count };
}

/** How few classes hold a part of the samples: the fewest whose shares add up to `part`, or all. */
export function fewestClasses(shares: readonly number[], part: number): number {
  let held = 0;
  const ordered = [...shares].sort((a, b) => b - a);
  // Sums of shares miss their whole by some units in the last place.
  const index = ordered.findIndex((share) => (held += share) >= part - Number.EPSILON * shares.length);
  return index < 0 ? shares.length : index + 1;
}
