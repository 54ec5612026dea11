/** How long the demo's run should be, given how fast its first steps were. */

/** Steps timed first. */
export const MEASURED_STEPS = 20;
/** Fewer steps show nothing that looks like a digit. */
export const LEAST_STEPS = 50;

export interface Measured {
  readonly imagesPerSecond: number;
  readonly globalBatch: number;
  /** Seconds the demo may take in all, installation left out. */
  readonly seconds: number;
  /** Seconds from the start of the measuring run to its end. */
  readonly spentSeconds: number;
  /** Of these, seconds that were no training: a second start costs them again. */
  readonly startSeconds: number;
}

/**
 * The number of steps, those already done included, that ends about `seconds` after the demo began.
 */
export function demoSteps({ imagesPerSecond, globalBatch, seconds, spentSeconds, startSeconds }: Measured): number {
  const left = Math.max(0, seconds - spentSeconds - startSeconds);
  const more = Math.floor((left * imagesPerSecond) / globalBatch);
  return Math.max(LEAST_STEPS, MEASURED_STEPS + (Number.isFinite(more) ? more : 0));
}

/** Says the number, the speed and why. */
export function demoSentence(steps: number, measured: Measured): string {
  const { imagesPerSecond, globalBatch, seconds, startSeconds } = measured;
  const rate = `${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s`;
  const needed = Math.round(startSeconds + ((steps - MEASURED_STEPS) * globalBatch) / imagesPerSecond);
  if (steps === LEAST_STEPS) {
    return (
      `The first ${MEASURED_STEPS} steps ran at ${rate}: taking ${LEAST_STEPS} steps of ${globalBatch} images, the fewest ` +
      `that show anything, about ${needed} s more.`
    );
  }
  return (
    `The first ${MEASURED_STEPS} steps ran at ${rate}: ${steps} steps of ${globalBatch} images fit into about ${seconds} s, ` +
    `about ${needed} s more.`
  );
}
