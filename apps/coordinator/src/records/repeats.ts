/**
 * Which refusals, and which volunteers, a user reads of: one line for what repeats itself, and never a flood. The log has more of them.
 */

/** The same line is said again after so long. */
const AGAIN_MS = 600_000;
/** Lines that are remembered. */
const LINES = 64;
/** New lines in a minute, whoever thinks of new names to be refused under. */
const PER_MINUTE = 20;
const MINUTE_MS = 60_000;

export class Repeats {
  readonly #now: () => number;
  readonly #more: string;
  /** When each line was said, the oldest first. */
  readonly #saidAt = new Map<string, number>();
  #minute = { from: -Infinity, lines: 0 };

  /**
   * @param now monotonic milliseconds.
   * @param more what is said once a minute where there are too many lines.
   */
  constructor(now: () => number, more: string) {
    this.#now = now;
    this.#more = more;
  }

  /** What to say for a line: itself, that more like it are coming, or nothing. */
  worded(line: string): string | undefined {
    const now = this.#now();
    const before = this.#saidAt.get(line);
    if (before !== undefined && now - before < AGAIN_MS) return undefined;
    if (now - this.#minute.from >= MINUTE_MS) this.#minute = { from: now, lines: 0 };
    this.#minute.lines += 1;
    if (this.#minute.lines > PER_MINUTE) {
      return this.#minute.lines === PER_MINUTE + 1 ? `${this.#more}; the log has more of them` : undefined;
    }
    this.#saidAt.delete(line);
    this.#saidAt.set(line, now);
    for (const oldest of this.#saidAt.keys()) {
      if (this.#saidAt.size <= LINES) break;
      this.#saidAt.delete(oldest);
    }
    return line;
  }
}
