import type { Quality } from '@gradcast/config';

/** The scores of an evaluation under the names that metrics.jsonl and Prometheus have for them. */
export function qualityNumbers(quality: Quality): Readonly<Record<string, number>> {
  const { frechet, kernelDistance, precision, recall, density, coverage, entropy, confidence, nearestRatio } = quality;
  const overlap = { frechet, kernel_distance: kernelDistance, precision, recall, density, coverage };
  return { ...overlap, entropy, confidence, nearest_ratio: nearestRatio, ...heldOutNumbers(quality) };
}

/** `val_` is for samples that were not trained on, as in Keras; the gap is what was learnt of samples alone. */
function heldOutNumbers({ heldOut }: Quality): Record<string, number> {
  return Object.fromEntries(
    Object.entries(heldOut).flatMap(([name, { training, test }]) => [
      [`train_${name}`, training],
      [`val_${name}`, test],
      [`${name}_gap`, training - test],
    ]),
  );
}

/** Scores that no line of metrics.jsonl has yet. */
export class UnwrittenQuality {
  #quality: Quality | undefined;

  /** Replaces what was not written. */
  hear(quality: Quality): void {
    this.#quality = quality;
  }

  /** What a line says of them; undefined if there are none, as the next time. */
  take(): Readonly<Record<string, number | readonly number[]>> | undefined {
    const quality = this.#quality;
    this.#quality = undefined;
    if (!quality) return undefined;
    const { step, samples, judge, shares } = quality;
    const about = { evaluated_step: step, evaluated_samples: samples, judge: Number(judge) };
    return { ...about, ...qualityNumbers(quality), class_shares: shares };
  }
}
