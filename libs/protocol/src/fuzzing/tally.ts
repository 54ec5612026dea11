/** What a fuzzed end did with its frames, and the worst that one frame cost. */
export interface FuzzReport {
  readonly frames: number;
  /** Frames by what became of them: a refusal code, `taken`, `closed`. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The longest time that one frame took, in milliseconds. */
  readonly slowestMs: number;
  /** The most memory that was in use, above what was in use at the beginning. */
  readonly grownBytes: number;
}

/** How often memory is looked at, in frames. */
const SAMPLE = 2048;

export class FuzzTally {
  readonly #outcomes = new Map<string, number>();
  readonly #now: () => number;
  readonly #usedBytes: () => number;
  readonly #atFirst: number;
  #frames = 0;
  #slowestMs = 0;
  #most = 0;

  /** @param usedBytes memory in use by this process. */
  constructor(now: () => number, usedBytes: () => number) {
    this.#now = now;
    this.#usedBytes = usedBytes;
    this.#atFirst = usedBytes();
  }

  /** Handles one frame. @returns what became of it. */
  take(handle: () => string): string {
    const since = this.#now();
    return this.#count(since, handle());
  }

  /** Handles one frame whose outcome takes turns of the event loop. @returns what became of it. */
  async takeAsync(handle: () => Promise<string>): Promise<string> {
    const since = this.#now();
    return this.#count(since, await handle());
  }

  #count(since: number, outcome: string): string {
    this.#slowestMs = Math.max(this.#slowestMs, this.#now() - since);
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    if (++this.#frames % SAMPLE === 0) this.#most = Math.max(this.#most, this.#usedBytes());
    return outcome;
  }

  get report(): FuzzReport {
    const outcomes = new Map([...this.#outcomes].sort(([, a], [, b]) => b - a));
    const grownBytes = Math.max(0, this.#most - this.#atFirst);
    return { frames: this.#frames, outcomes, slowestMs: this.#slowestMs, grownBytes };
  }
}
