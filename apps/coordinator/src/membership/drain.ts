/**
 * The shutdown drain, the end of a run: it lasts until all workers that were told are gone, and until those that were lost a
 * moment ago had the time to come back and be told, too.
 */
import { LONGEST_RETRY_MS } from '@gradcast/protocol';

/** Within this time a worker that lives has tried to come back. */
export const RETURN_MS = LONGEST_RETRY_MS + 1_000;

/** Names remembered: the latest lost, which are those that may still be on their way. */
const MOST_LOST = 4096;

export interface ShutdownDrainOptions {
  /** Whether workers of an earlier start of this run may be on their way. */
  readonly resumed: boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class ShutdownDrain {
  readonly #now: () => number;
  /** Until when lost workers may be expected: by name, and under no name those of an earlier start. */
  readonly #expected = new Map<string, number>();
  #said: { readonly reason: string; readonly until: number; readonly over: () => void } | undefined;

  constructor({ resumed, now }: ShutdownDrainOptions) {
    this.#now = now;
    if (resumed) this.lost('');
  }

  /** Why the run is over, once it is. */
  get reason(): string | undefined {
    return this.#said?.reason;
  }

  /** A worker is gone without having said so. */
  lost(name: string): void {
    if (this.#said) return;
    const now = this.#now();
    this.#expected.delete(name);
    this.#expected.set(name, now + RETURN_MS);
    // In the order of their ends: who should have come back by now is not waited for any more.
    for (const [other, until] of this.#expected) {
      if (until > now && this.#expected.size <= MOST_LOST) return;
      this.#expected.delete(other);
    }
  }

  /** How many are waited for. */
  get expected(): number {
    return this.#expected.size;
  }

  /** The coordinator stood still, and no worker could come back meanwhile: the deadlines are extended by as much. */
  postpone(byMs: number): void {
    for (const [name, until] of this.#expected) this.#expected.set(name, until + byMs);
    if (this.#said) this.#said = { ...this.#said, until: this.#said.until + byMs };
  }

  isBack(name: string): void {
    this.#expected.delete(name);
  }

  /** The run is over; resolves in a {@link check}, after `lingerMs` at the latest. */
  say(reason: string, lingerMs: number): Promise<void> {
    return new Promise((over) => {
      this.#said = { reason, until: this.#now() + lingerMs, over };
    });
  }

  /** To be called whenever a worker went or time passed. */
  check(connections: number): void {
    if (!this.#said) return;
    const now = this.#now();
    const allGone = connections === 0 && [...this.#expected.values()].every((until) => now >= until);
    if (allGone || now >= this.#said.until) this.#said.over();
  }
}
