/**
 * How fast workers are, and so how long a lease may take and how many leaves a worker should get.
 *
 * A deadline is twice the median of measured lease times, so a healthy worker keeps it unless it is disturbed; it
 * doubles with each attempt on the same leaves, so a slow machine is not robbed for ever.
 *
 * A worker that seems so slow that it gets no leaf is not measured any more, so it is put on trial: with one leaf, and what
 * it then takes replaces all that was known. The first trial comes at once, since a first impression may be an accident of
 * a busy machine; each that it fails doubles the time to the next.
 */

import type { IdleWorker } from '@gradcast/ledger';

/** Times kept of each worker and of all workers together. */
const WINDOW = 15;

/** Added to every deadline: scheduling noise of a machine, which does not shrink with the lease. */
const SLACK_MS = 250;

/** Workers closer to the fastest than this count as equally fast: noise must not unbalance equal shares. */
const EQUAL_RATIO = 0.75;

/**
 * The longest time between trials, in steps, times by how much a worker is slower than the fastest: trials of one that is
 * as slow as it seemed come to cost one part in so many.
 */
const TRIAL_STEPS = 16;

export class Pace {
  readonly #times = new Map<string, number[]>();
  readonly #all: number[] = [];
  /** Steps in a row of which a worker got nothing. */
  readonly #passedOver = new Map<string, number>();
  /** Trials in a row. */
  readonly #trials = new Map<string, number>();
  readonly #onTrial = new Set<string>();

  /** What a worker's probe took: its first estimate, until leases are measured. */
  introduce(worker: string, leafMs: number): void {
    this.#times.set(worker, [Math.max(leafMs, 0.01)]);
  }

  forget(worker: string): void {
    this.#times.delete(worker);
    this.#passedOver.delete(worker);
    this.#trials.delete(worker);
    this.#onTrial.delete(worker);
  }

  /** A lease came back whole: milliseconds per leaf, from grant to result. */
  measured(worker: string, leafMs: number): void {
    if (this.#onTrial.delete(worker)) this.#times.set(worker, []);
    for (const times of [this.#all, this.#times.get(worker)]) {
      if (!times) continue;
      times.push(Math.max(leafMs, 0.01));
      if (times.length > WINDOW) times.shift();
    }
  }

  /** Median milliseconds per leaf of a worker; of all workers if it is unknown. */
  leafMs(worker: string): number {
    return median(this.#times.get(worker) ?? this.#all) ?? 1000;
  }

  /** Speed of each worker, in leaves per second; those nearly as fast as the fastest count as equal to it. */
  speeds(workers: readonly string[]): IdleWorker[] {
    const speeds = workers.map((name) => 1000 / this.leafMs(name));
    const fastest = Math.max(...speeds);
    return workers.map((name, i) => {
      const speed = speeds[i] > EQUAL_RATIO * fastest ? fastest : speeds[i];
      const onTrial = (this.#passedOver.get(name) ?? 0) >= this.#stepsToTrial(name, fastest / speed);
      return { name, speed, onTrial };
    });
  }

  /** A step was shared out among workers as {@link speeds} gave them; those in `served` got leaves of it. */
  shared(workers: readonly IdleWorker[], served: ReadonlySet<string>): void {
    for (const { name: worker, onTrial } of workers) {
      if (!served.has(worker)) {
        this.#passedOver.set(worker, (this.#passedOver.get(worker) ?? 0) + 1);
        continue;
      }
      this.#passedOver.delete(worker);
      if (onTrial) {
        this.#onTrial.add(worker);
        this.#trials.set(worker, (this.#trials.get(worker) ?? 0) + 1);
      } else this.#trials.delete(worker);
    }
  }

  /** How long a worker is passed over before it is tried. One as fast as the others is passed over for want of leaves. */
  #stepsToTrial(worker: string, slower: number): number {
    if (slower === 1) return TRIAL_STEPS;
    const trials = this.#trials.get(worker) ?? 0;
    return trials === 0 ? 1 : Math.min(TRIAL_STEPS, 2 ** trials) * slower;
  }

  /** Milliseconds until a lease of some leaves becomes stealable. */
  leaseMs(worker: string, lease: { readonly leaves: number; readonly attempt: number }): number {
    const typical = Math.max(this.leafMs(worker), median(this.#all) ?? 0);
    return (2 * typical * lease.leaves + SLACK_MS) * 2 ** Math.min(lease.attempt, 10);
  }
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
