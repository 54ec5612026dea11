/**
 * Whether a connection moves as fast as it must, told from bytes against time: inside a message as well as between two.
 *
 * A leaky bucket: while there is something to move, time runs up a debt that moved bytes pay back. So a link may pause, as
 * links do and as a full buffer of the system makes it seem, and one that is slower than it must be is still found.
 */

/** A worker's link must move this much, headers, losses and pauses included. */
export const LEAST_BYTES_PER_SECOND = 64_000;
/** What is counted: half of it, since a shaped or lossy link of 64 kB/s moves less of our bytes than it is rated. */
const COUNTED_BYTES_PER_MS = LEAST_BYTES_PER_SECOND / 2 / 1000;
/** The debt at which a connection is too slow. */
const DEBT_MS = 10_000;
/**
 * What may be paid in advance. The system takes megabytes at once into a buffer that a slow link needs most of a minute
 * for, and then takes nothing until a third of it is free.
 */
const CREDIT_MS = 30_000;

export class Progress {
  #at: number;
  #moved = 0;
  #debtMs = 0;

  /** @param now monotonic milliseconds. */
  constructor(now: number) {
    this.#at = now;
  }

  /**
   * Looks at a connection, in one direction.
   *
   * @param moved bytes so far.
   * @param waits whether there is more to move.
   * @returns whether bytes have moved since the last look.
   */
  look(now: number, moved: number, waits: boolean): boolean {
    const bytes = moved - this.#moved;
    const paid = this.#debtMs + (now - this.#at) - bytes / COUNTED_BYTES_PER_MS;
    this.#debtMs = waits ? Math.max(-CREDIT_MS, paid) : 0;
    this.#at = now;
    this.#moved = moved;
    return bytes > 0;
  }

  get isTooSlow(): boolean {
    return this.#debtMs > DEBT_MS;
  }

  /** This process stood still for so long: what counts against the other side is put off by as much. */
  postpone(byMs: number): void {
    this.#at += byMs;
  }
}

/** The longest that an honest link needs for some bytes, in milliseconds. */
export function longestMs(bytes: number): number {
  return bytes / COUNTED_BYTES_PER_MS;
}
