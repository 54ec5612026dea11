/** How fast this device is and what it did. */
import type { Figures } from './messages.ts';
import type { RunFacts } from './run-facts.ts';

/** Over which the present speed is taken: one leaf of a slow device may take seconds. */
const WINDOW_MS = 30_000;

export class Tally {
  readonly #now: () => number;
  #recent: { readonly at: number; readonly images: number }[] = [];
  /** When the present stretch of work began. */
  #since: number | undefined;
  #leavesComputed = 0;
  #bytes = { received: 0, sent: 0 };
  /** What the coordinator said of each session, by its secret. */
  readonly #used = new Map<string, NonNullable<RunFacts['you']>>();

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A micro-batch was computed; without images one that was computed, and counted, before. */
  measured(computeMs: number, images: number): void {
    const at = this.#now();
    this.#since ??= at - computeMs;
    if (images > 0) this.#leavesComputed += 1;
    this.#recent.push({ at, images });
  }

  moved(direction: 'sent' | 'received', bytes: number): void {
    this.#bytes[direction] += bytes;
  }

  /** What the coordinator says that it used of a session's work; a later word replaces the one before. */
  used(secret: string, you: NonNullable<RunFacts['you']>): void {
    this.#used.set(secret, you);
  }

  /** Work has stopped: the next speed is that of the next stretch. */
  rest(): void {
    this.#recent = [];
    this.#since = undefined;
  }

  /** Milliseconds since anything was computed, of this stretch. */
  get idleMs(): number {
    const last = this.#recent.at(-1);
    return last === undefined ? Infinity : this.#now() - last.at;
  }

  get figures(): Figures {
    const now = this.#now();
    this.#recent = this.#recent.filter(({ at }) => now - at <= WINDOW_MS);
    const images = this.#recent.reduce((sum, each) => sum + each.images, 0);
    const ms = Math.min(WINDOW_MS, now - (this.#since ?? now));
    const told = [...this.#used.values()];
    const sum = (name: 'leavesUsed' | 'leavesChecked') =>
      told.length === 0 ? null : told.reduce((total, each) => total + each[name], 0);
    return {
      imagesPerSecond: images === 0 || ms <= 0 ? 0 : (1000 * images) / ms,
      leavesComputed: this.#leavesComputed,
      leavesUsed: sum('leavesUsed'),
      leavesChecked: sum('leavesChecked'),
      bytesReceived: this.#bytes.received,
      bytesSent: this.#bytes.sent,
    };
  }
}
