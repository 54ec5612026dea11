/**
 * How often something may happen: a token bucket for each of many keys.
 *
 * Invariant: memory is bounded whatever keys come. A bucket that is full again is forgotten, since a new one is full; beyond
 * {@link MOST} those that were used the longest ago go, which costs no more than their next burst.
 */

/** Buckets kept. */
const MOST = 4096;

export interface Rate {
  /** How often at once. */
  readonly burst: number;
  /** How often a second after that. */
  readonly perSecond: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

export class RateBudget {
  readonly #rate: Rate;
  readonly #now: () => number;
  /** Used the longest ago first. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param now monotonic milliseconds. */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** How many keys something is kept of. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one if there is one. @returns 0, or after how many milliseconds there is one. */
  take(key: string): number {
    const tokens = this.#tokensOf(key);
    if (tokens < 1) return Math.ceil(((1 - tokens) * 1000) / this.#rate.perSecond);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens - 1, at: this.#now() });
    this.#makeRoom();
    return 0;
  }

  /** Whether there is one to take. */
  has(key: string): boolean {
    return this.#tokensOf(key) >= 1;
  }

  #tokensOf(key: string): number {
    const { burst, perSecond } = this.#rate;
    const bucket = this.#buckets.get(key);
    return bucket ? Math.min(burst, bucket.tokens + ((this.#now() - bucket.at) * perSecond) / 1000) : burst;
  }

  #makeRoom(): void {
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= MOST && this.#tokensOf(oldest) < this.#rate.burst) return;
      this.#buckets.delete(oldest);
    }
  }
}
