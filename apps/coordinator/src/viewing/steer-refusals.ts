/** Those who were not let steer: each is counted, and as many are logged as somebody can read. */
import { LineBudget } from '../network/line-budget.ts';

export interface SteerRefusalsOptions {
  readonly count: (reason: string) => void;
  readonly log: (line: object, sentence: string) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class SteerRefusals {
  readonly #options: SteerRefusalsOptions;
  readonly #lines: LineBudget;

  constructor(options: SteerRefusalsOptions) {
    this.#options = options;
    this.#lines = new LineBudget(options.now);
  }

  /**
   * @param code of a fixed list.
   * @param who as far as it is known: a viewer's name, or an address.
   */
  add(code: string, who: string): void {
    const { count, log } = this.#options;
    count(code);
    const leftOut = this.#lines.take();
    if (leftOut !== undefined) log({ who, code, ...(leftOut > 0 && { leftOut }) }, 'not let steer');
  }

  /** Says how many were left out, once there is room for that. */
  tick(): void {
    const leftOut = this.#lines.rest();
    if (leftOut > 0) this.#options.log({ leftOut }, 'more were not let steer');
  }
}
