/**
 * Watches over a run that has too few workers: says so once, and after `--wait-workers` gives up. Where nobody can come
 * any more, because the command's own workers have ended and no other machine reaches the port, it gives up at once.
 */
import type { Fleet } from './fleet.ts';
import type { Telemetry } from '../records/telemetry.ts';

export interface WatchOptions {
  readonly fleet: Pick<Fleet, 'active' | 'stop' | 'workers'>;
  readonly telemetry: Pick<Telemetry, 'notice'>;
  /** Fewer workers than this compute nothing. */
  readonly minWorkers: number;
  /** Seconds with too few workers; 0 waits for ever. */
  readonly waitWorkersSeconds: number;
  /** Whether only this machine reaches the port. */
  readonly isLoopback: boolean;
  /** Aborts when the command that started this process has no worker left. */
  readonly localWorkersEnded: AbortSignal;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Workers that start together with the coordinator need a moment; nobody wants to read of that. */
const QUIET_MS = 5_000;
/** A worker of somebody else on this machine may have lost its connection a moment ago. */
const ALONE_MS = 3_000;

export class Watch {
  readonly #options: WatchOptions;
  #shortSince: number;
  #aloneSince: number | undefined;
  #isAlone = false;
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

  /** Whether that was because nobody could come any more. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** The run is over: nobody is missed any more. */
  end(): void {
    this.#over = true;
  }

  tick(): void {
    if (this.#over) return;
    this.#checkAlone();
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

  #checkAlone(): void {
    const { fleet, telemetry, isLoopback, localWorkersEnded, now } = this.#options;
    if (this.#gaveUp || !isLoopback || !localWorkersEnded.aborted || fleet.workers.length > 0) {
      this.#aloneSince = undefined;
      return;
    }
    this.#aloneSince ??= now();
    if (now() - this.#aloneSince < ALONE_MS) return;
    this.#gaveUp = this.#isAlone = true;
    telemetry.notice('every local worker has ended and no other is connected; stopping with a checkpoint');
    fleet.stop();
  }

  #present(): string {
    const { fleet, minWorkers } = this.#options;
    if (fleet.active === 0) return 'no worker is connected';
    return `only ${fleet.active} of at least ${minWorkers} workers are connected, so the run is paused`;
  }
}
