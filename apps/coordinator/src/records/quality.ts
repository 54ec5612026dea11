import type { Quality } from '@gradcast/config';

/** The scores of an evaluation under the names that metrics.jsonl and Prometheus have for them. */
export function qualityNumbers(quality: Quality): Readonly<Record<string, number>> {
  const { frechet, kernelDistance, precision, recall, density, coverage, entropy, confidence, nearestRatio } = quality;
  const overlap = { frechet, kernel_distance: kernelDistance, precision, recall, density, coverage };
  return { ...overlap, entropy, confidence, nearest_ratio: nearestRatio };
}

/** Scores that no line of metrics.jsonl has yet. */
export class UnwrittenQuality {
  #quality: Quality | undefined;

  /** Replaces what was not written. */
  hear(quality: Quality): void {
    this.#quality = quality;
  }

  /** What a line says of them; undefined if there are none, as the next time. */
  take(): Readonly<Record<string, number>> | undefined {
    const quality = this.#quality;
    this.#quality = undefined;
    if (!quality) return undefined;
    const { step, samples, judge } = quality;
    return { evaluated_step: step, evaluated_samples: samples, judge: Number(judge), ...qualityNumbers(quality) };
  }
}
