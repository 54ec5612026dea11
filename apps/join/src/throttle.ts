/**
 * Keeps a compute worker at a share of a processor core: after each micro-batch it rests for as long as makes it so. What it
 * waited for anyway, such as its next lease, counts as rest.
 */

/** The longest single rest: a worker that is paused or told another share hears of it by then. */
const LONGEST_REST_MS = 10_000;

export class Throttle {
  #share = 1;
  /** Until when it rests, by what it has computed so far. */
  #restUntil = 0;

  /** @param share in (0, 1]. */
  set share(share: number) {
    if (!(share > 0 && share <= 1)) return;
    this.#share = share;
    // What was computed under the former share is forgiven.
    this.#restUntil = 0;
  }

  /** Whether it ever rests. */
  get isLimited(): boolean {
    return this.#share < 1;
  }

  /** A micro-batch took so long and has just ended. */
  worked(computeMs: number, now: number): void {
    const restMs = computeMs * (1 / this.#share - 1);
    this.#restUntil = now + Math.min(LONGEST_REST_MS, restMs);
  }

  /** Milliseconds to rest before the next one. */
  restMs(now: number): number {
    return Math.max(0, this.#restUntil - now);
  }
}
