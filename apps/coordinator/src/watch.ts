/**
 * Watches over a run that has too few workers: says so once, and after `--wait-workers` gives up.
 */
import type { Fleet } from './fleet.ts';
import type { Telemetry } from './telemetry.ts';

export interface WatchOptions {
  readonly fleet: Pick<Fleet, 'active' | 'stop'>;
  readonly telemetry: Pick<Telemetry, 'notice'>;
  /** Fewer workers than this compute nothing. */
  readonly minWorkers: number;
  /** Seconds with too few workers; 0 waits for ever. */
  readonly waitWorkersSeconds: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Workers that start together with the coordinator need a moment; nobody wants to read of that. */
const QUIET_MS = 5_000;

export class Watch {
  readonly #options: WatchOptions;
  #shortSince: number;
  #said = false;
  #gaveUp = false;
  #over = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#shortSince = options.now();
  }

  /** Whether the run was stopped because nobody came. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** The run is over: nobody is missed any more. */
  end(): void {
    this.#over = true;
  }

  tick(): void {
    if (this.#over) return;
    const { fleet, telemetry, minWorkers, waitWorkersSeconds, now } = this.#options;
    if (fleet.active >= minWorkers) {
      this.#shortSince = now();
      this.#said = false;
      return;
    }
    const short = now() - this.#shortSince;
    if (short >= QUIET_MS && !this.#said) {
      this.#said = true;
      const limit = waitWorkersSeconds > 0 ? `for ${waitWorkersSeconds} s` : 'until one comes';
      telemetry.notice(`${this.#present()}; waiting ${limit}`);
    }
    if (waitWorkersSeconds > 0 && short >= waitWorkersSeconds * 1000 && !this.#gaveUp) {
      this.#gaveUp = true;
      telemetry.notice(`${this.#present()} after ${waitWorkersSeconds} s; stopping with a checkpoint`);
      fleet.stop();
    }
  }

  #present(): string {
    const { fleet, minWorkers } = this.#options;
    if (fleet.active === 0) return 'no worker is connected';
    return `only ${fleet.active} of at least ${minWorkers} workers are connected, so the run is paused`;
  }
}
