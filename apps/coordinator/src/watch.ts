/**
 * Watches over a run that has nobody to work for it: says so once, and after `--wait-workers` gives up.
 */
import type { Fleet } from './fleet.ts';
import type { Telemetry } from './telemetry.ts';

export interface WatchOptions {
  readonly fleet: Pick<Fleet, 'active' | 'stop'>;
  readonly telemetry: Pick<Telemetry, 'notice'>;
  /** Seconds without any worker; 0 waits for ever. */
  readonly waitWorkersSeconds: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Workers that start together with the coordinator need a moment; nobody wants to read of that. */
const QUIET_MS = 5_000;

export class Watch {
  readonly #options: WatchOptions;
  #aloneSince: number;
  #said = false;
  #gaveUp = false;
  #over = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#aloneSince = options.now();
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
    const { fleet, telemetry, waitWorkersSeconds, now } = this.#options;
    if (fleet.active > 0) {
      this.#aloneSince = now();
      this.#said = false;
      return;
    }
    const alone = now() - this.#aloneSince;
    if (alone >= QUIET_MS && !this.#said) {
      this.#said = true;
      const limit = waitWorkersSeconds > 0 ? `for ${waitWorkersSeconds} s` : 'until one comes';
      telemetry.notice(`no worker is connected; waiting ${limit}`);
    }
    if (waitWorkersSeconds > 0 && alone >= waitWorkersSeconds * 1000 && !this.#gaveUp) {
      this.#gaveUp = true;
      telemetry.notice(`no worker came within ${waitWorkersSeconds} s; stopping with a checkpoint`);
      fleet.stop();
    }
  }
}
