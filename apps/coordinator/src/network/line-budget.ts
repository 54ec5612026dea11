/** Lines of a log that peers cause: as many as somebody can read, and then how many were left out. */
import { RateBudget } from './rate-budget.ts';

/** Sixty a minute, and as many at once. */
const LINES = { burst: 60, perSecond: 1 };

export class LineBudget {
  readonly #budget: RateBudget;
  #leftOut = 0;

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#budget = new RateBudget(LINES, now);
  }

  /** @returns how many were left out since the last line, to be told with this one; undefined if this one is left out, too. */
  take(): number | undefined {
    if (this.#budget.take('') > 0) {
      this.#leftOut += 1;
      return undefined;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }

  /** @returns how many were left out, if there is room for a line that says so, else 0. */
  rest(): number {
    return this.#leftOut > 0 && this.#budget.has('') ? (this.take() ?? 0) : 0;
  }
}
