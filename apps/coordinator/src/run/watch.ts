/**
 * Watches the quorum of a run (`--min-workers`), which no volunteer is part of: tells run control when there are enough workers and when not, says so once, and
 * after `--wait-workers` gives up. Where no worker can come any more, because the command's own have ended and no other machine
 * reaches the port, it gives up at once. Its clocks stand still while the run is paused.
 */
import type { Telemetry } from '../records/telemetry.ts';
import type { RunControl } from './control.ts';
import type { Fleet } from './fleet.ts';

export interface WatchOptions {
  readonly fleet: Pick<Fleet, 'active' | 'workers'>;
  readonly control: Pick<RunControl, 'state' | 'isEnding' | 'apply'>;
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

/** Workers that start together with the coordinator need a moment, which no notice should tell of. */
const QUIET_MS = 5_000;
/** A worker of somebody else on this machine may have lost its connection a moment ago. */
const ALONE_MS = 3_000;

export class Watch {
  readonly #options: WatchOptions;
  #shortSince: number;
  #aloneSince: number | undefined;
  #lastTick: number;
  #said = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#shortSince = this.#lastTick = options.now();
  }

  tick(): void {
    const { control, fleet, minWorkers, now } = this.#options;
    const passed = now() - this.#lastTick;
    this.#lastTick += passed;
    if (control.isEnding) return;
    if (control.state.name === 'paused') return this.#standStill(passed);
    if (this.#isAlone()) return;
    if (fleet.active < minWorkers) return this.#wait();
    this.#shortSince = now();
    this.#said = false;
    control.apply({ kind: 'quorum-reached' });
  }

  #standStill(ms: number): void {
    this.#shortSince += ms;
    if (this.#aloneSince !== undefined) this.#aloneSince += ms;
  }

  #wait(): void {
    const { control, telemetry, waitWorkersSeconds, now } = this.#options;
    control.apply({ kind: 'quorum-lost' });
    const short = now() - this.#shortSince;
    if (short >= QUIET_MS && !this.#said) {
      this.#said = true;
      const limit = waitWorkersSeconds > 0 ? `for ${waitWorkersSeconds} s` : 'until one comes';
      telemetry.notice(`${this.#present()}; waiting ${limit}`);
    }
    if (waitWorkersSeconds === 0 || short < waitWorkersSeconds * 1000) return;
    telemetry.notice(`${this.#present()} after ${waitWorkersSeconds} s; stopping with a checkpoint`);
    control.apply({ kind: 'no-workers', seconds: waitWorkersSeconds });
  }

  /** Whether nobody can come any more; the run then ends. */
  #isAlone(): boolean {
    const { control, fleet, telemetry, isLoopback, localWorkersEnded, now } = this.#options;
    if (!isLoopback || !localWorkersEnded.aborted || fleet.workers.some(({ role }) => role !== 'volunteer')) {
      this.#aloneSince = undefined;
      return false;
    }
    this.#aloneSince ??= now();
    if (now() - this.#aloneSince < ALONE_MS) return false;
    telemetry.notice('every local worker has ended and no other is connected; stopping with a checkpoint');
    return control.apply({ kind: 'alone' });
  }

  #present(): string {
    const { fleet, minWorkers } = this.#options;
    if (fleet.active === 0) return 'no worker is connected';
    return `only ${fleet.active} of at least ${minWorkers} workers are connected`;
  }
}
