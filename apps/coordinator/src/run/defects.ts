/**
 * Unexpected failures of this process that no peer caused: in a timer, in a callback of the system.
 *
 * Invariants: the first one ends a run that is under way with a checkpoint and a sentence, within a bounded time; before and
 * after that time a defect ends the process at once, with a sentence too. No stack is printed: the log has it.
 */
export interface DefectsOptions {
  readonly log: (error: unknown) => void;
  /** Ends the process, saying why. */
  readonly fatal: (error: unknown) => void;
  /** Calls back once after some milliseconds. */
  readonly after: (ms: number, callback: () => void) => void;
}

/** For the last checkpoint, three tries and a slow disk included. */
const FINISH_MS = 60_000;

export class Defects {
  readonly #options: DefectsOptions;
  #stop: ((sentence: string) => void) | undefined;
  #sentence: string | undefined;

  constructor(options: DefectsOptions) {
    this.#options = options;
  }

  /** Why the run ends, once it does for a defect. */
  get sentence(): string | undefined {
    return this.#sentence;
  }

  /** A run is under way that can be stopped. @param stop is told why. */
  begin(stop: (sentence: string) => void): void {
    this.#stop = stop;
  }

  /** Does what is to be done again and again, unless the run ends for a defect. */
  guard(work: () => void): void {
    if (this.#sentence !== undefined) return;
    try {
      work();
    } catch (error) {
      this.report(error);
    }
  }

  report(error: unknown): void {
    const { log, fatal, after } = this.#options;
    log(error);
    // One defect has many consequences; the run is about to end for the first.
    if (this.#sentence !== undefined) return;
    if (!this.#stop) return fatal(error);
    const reason = error instanceof Error ? error.message : String(error);
    this.#sentence = `a defect of the coordinator ended the run: ${reason}`;
    after(FINISH_MS, () => fatal(error));
    try {
      this.#stop(this.#sentence);
    } catch (again) {
      log(again);
      fatal(error);
    }
  }
}
