/** A time by which something must be over, even if what it waits for never comes. */

export interface TuningClock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls back after a delay; the result cancels. */
  after(ms: number, callback: () => void): () => void;
}

export class Deadline {
  readonly #passed: Promise<undefined>;
  readonly #isOver: () => boolean;
  readonly cancel: () => void;

  constructor(clock: TuningClock, ms: number) {
    const end = clock.now() + ms;
    let pass: (value: undefined) => void = () => undefined;
    this.#passed = new Promise((resolve) => (pass = resolve));
    this.cancel = clock.after(ms, () => pass(undefined));
    this.#isOver = () => clock.now() >= end;
  }

  get hasPassed(): boolean {
    return this.#isOver();
  }

  /** What the work gives, or undefined if it is not done in time. */
  async race<T>(work: Promise<T>): Promise<T | undefined> {
    const result = await Promise.race([work, this.#passed]);
    // Nobody waits for it any more: its failure is nobody's.
    work.catch(() => undefined);
    return this.hasPassed ? undefined : result;
  }
}
