/**
 * Adds up where the time of steps went: since the last line of metrics.jsonl, and for the whole start of the run by worker.
 *
 * Invariant: what is kept is bounded, however many workers come and go and whatever they are called.
 */
import { NO_TIME, PHASES } from '@gradcast/config';
import type { PhaseName, RunPhases, WorkerPhases } from '@gradcast/config';
import type { StepAccount, WorkerMs } from './step-accounts.ts';

/** Names of workers that are told apart. */
const MOST_KNOWN = 4096;
/** Workers that a summary names. */
export const MOST_NAMED = 64;

interface Known {
  leaves: number;
  compute: number;
  network: number;
  overdue: number;
  /** Time of the steps that it was there for, in milliseconds, as far as it is away since. */
  presentMs: number;
  /** The run's time when it came, if it is here. */
  since: number | undefined;
}

type Sums = Record<PhaseName, number>;

export class PhaseTotals {
  readonly #total = nothing();
  #line = nothing();
  #totalMs = 0;
  #steps = 0;
  readonly #workers = new Map<string, Known>();
  readonly #rest = { workers: 0, ...unknown() };

  /** A step closed. */
  closed({ totalMs, phases, workers }: StepAccount): void {
    this.#steps += 1;
    this.#totalMs += totalMs;
    for (const name of PHASES) {
      this.#total[name] += phases[name];
      this.#line[name] += phases[name];
    }
    for (const each of workers) this.#worked(each, totalMs);
  }

  joined(worker: string): void {
    const known = this.#known(worker);
    if (known === this.#rest) this.#rest.workers += 1;
    else known.since ??= this.#totalMs;
  }

  left(worker: string): void {
    const known = this.#workers.get(worker);
    if (known) leave(known, this.#totalMs);
  }

  /** Under the names that metrics.jsonl has for them, in seconds, since the last time. */
  takeLine(): Record<`phase_${PhaseName}_seconds`, number> {
    const line = this.#line;
    this.#line = nothing();
    return Object.fromEntries(PHASES.map((name) => [`phase_${name}_seconds`, seconds(line[name])])) as ReturnType<
      PhaseTotals['takeLine']
    >;
  }

  /** Null while no step has closed. */
  get summary(): RunPhases | null {
    if (this.#steps === 0) return null;
    const all = [...this.#workers].map(([worker, known]) => ({ worker, ...this.#spentBy(known) }));
    // The order of the names is only there for those who did as much: a summary should not depend on who came first.
    all.sort((a, b) => busy(b) - busy(a) || (a.worker < b.worker ? -1 : 1));
    const others = all.slice(MOST_NAMED);
    const rest = { workers: this.#rest.workers + others.length, ...this.#spentBy(this.#rest) };
    for (const other of others) {
      rest.leaves += other.leaves;
      for (const part of PARTS) rest[part] = rounded(rest[part] + other[part]);
    }
    return {
      steps: this.#steps,
      seconds: seconds(this.#totalMs),
      total: Object.fromEntries(PHASES.map((name) => [name, seconds(this.#total[name])])) as Sums,
      workers: all.slice(0, MOST_NAMED),
      rest: rest.workers > 0 ? rest : null,
    };
  }

  #worked({ worker, leaves, compute, network, overdue }: WorkerMs, totalMs: number): void {
    const known = this.#known(worker);
    known.leaves += leaves;
    known.compute += compute;
    known.network += network;
    known.overdue += overdue;
    // Who has left before its step closed, or was never heard to join, was there for that step.
    if (known.since === undefined) known.presentMs += totalMs;
  }

  #known(worker: string): Known {
    const found = this.#workers.get(worker);
    if (found) return found;
    if (this.#workers.size >= MOST_KNOWN) this.#forgetGone();
    if (this.#workers.size >= MOST_KNOWN) return this.#rest;
    const made = unknown();
    this.#workers.set(worker, made);
    return made;
  }

  /** Those who have left are told apart no more. */
  #forgetGone(): void {
    for (const [worker, known] of this.#workers) {
      if (known.since !== undefined) continue;
      this.#workers.delete(worker);
      this.#rest.workers += 1;
      for (const part of ['leaves', 'compute', 'network', 'overdue', 'presentMs'] as const) {
        this.#rest[part] += known[part];
      }
    }
  }

  #spentBy({ leaves, compute, network, overdue, presentMs, since }: Known): Omit<WorkerPhases, 'worker'> {
    const present = presentMs + (since === undefined ? 0 : this.#totalMs - since);
    return {
      leaves,
      compute: seconds(compute),
      network: seconds(network),
      overdue: seconds(overdue),
      waiting: seconds(Math.max(0, present - compute - network - overdue)),
    };
  }
}

const PARTS = ['compute', 'network', 'overdue', 'waiting'] as const;

function nothing(): Sums {
  return { ...NO_TIME };
}

function unknown(): Known {
  return { leaves: 0, compute: 0, network: 0, overdue: 0, presentMs: 0, since: undefined };
}

function leave(known: Known, now: number): void {
  if (known.since === undefined) return;
  known.presentMs += now - known.since;
  known.since = undefined;
}

function busy({ compute, network }: WorkerPhases): number {
  return compute + network;
}

/** Milliseconds as seconds, to the microsecond: no clock here is better, and lines stay short. */
function seconds(ms: number): number {
  return rounded(ms / 1000);
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
