/**
 * How fast workers are, and so how long a lease may take and how many leaves a worker should get.
 *
 * A deadline is twice the median of measured lease times, so a healthy worker keeps it unless it is disturbed; it
 * doubles with each attempt on the same leaves, so a slow machine is not robbed for ever.
 *
 * A worker that seems so slow that it gets no leaf is not measured any more, so it is put on trial now and then: with one
 * leaf, and what it then takes replaces all that was known.
 */

import type { IdleWorker } from '@gradcast/ledger';

/** Times kept of each worker and of all workers together. */
const WINDOW = 15;

/** Added to every deadline: scheduling noise of a machine, which does not shrink with the lease. */
const SLACK_MS = 250;

/** Workers closer to the fastest than this count as equally fast: noise must not unbalance equal shares. */
const EQUAL_RATIO = 0.75;

/**
 * A worker that gets nothing is tried after so many steps, times by how much it is slower than the fastest: trials of a
 * worker that is as slow as it seemed cost at most one part in so many.
 */
const TRIAL_STEPS = 16;

export class Pace {
  readonly #times = new Map<string, number[]>();
  readonly #all: number[] = [];
  /** Steps in a row of which a worker got nothing. */
  readonly #passedOver = new Map<string, number>();
  readonly #onTrial = new Set<string>();

  /** What a worker's probe took: its first estimate, until leases are measured. */
  introduce(worker: string, leafMs: number): void {
    this.#times.set(worker, [Math.max(leafMs, 0.01)]);
  }

  forget(worker: string): void {
    this.#times.delete(worker);
    this.#passedOver.delete(worker);
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
    return workers.map((name, i) => ({
      name,
      speed: speeds[i] > EQUAL_RATIO * fastest ? fastest : speeds[i],
      onTrial: (this.#passedOver.get(name) ?? 0) >= (TRIAL_STEPS * fastest) / speeds[i],
    }));
  }

  /** A step was shared out among some workers; those in `served` got leaves of it. */
  shared(workers: readonly string[], served: ReadonlySet<string>): void {
    for (const worker of workers) {
      const passed = this.#passedOver.get(worker) ?? 0;
      if (!served.has(worker)) {
        this.#passedOver.set(worker, passed + 1);
        continue;
      }
      this.#passedOver.delete(worker);
      // What was known of it is old.
      if (passed >= TRIAL_STEPS) this.#onTrial.add(worker);
    }
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
