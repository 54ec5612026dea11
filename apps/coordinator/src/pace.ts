/**
 * How fast workers are, and so how long a lease may take and how many leaves a worker should get.
 *
 * A deadline is twice the median of measured lease times, so a healthy worker keeps it unless it is disturbed; it
 * doubles with each attempt on the same leaves, so a slow machine is not robbed for ever.
 */

/** Times kept of each worker and of all workers together. */
const WINDOW = 15;

/** Added to every deadline: scheduling noise of a machine, which does not shrink with the lease. */
const SLACK_MS = 250;

/** Workers closer to the fastest than this count as equally fast: noise must not unbalance equal shares. */
const EQUAL_RATIO = 0.75;

export class Pace {
  readonly #times = new Map<string, number[]>();
  readonly #all: number[] = [];

  /** What a worker's probe took: its first estimate, until leases are measured. */
  introduce(worker: string, leafMs: number): void {
    this.#times.set(worker, [Math.max(leafMs, 0.01)]);
  }

  forget(worker: string): void {
    this.#times.delete(worker);
  }

  /** A lease came back whole: milliseconds per leaf, from grant to result. */
  measured(worker: string, leafMs: number): void {
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
  speeds(workers: readonly string[]): { name: string; speed: number }[] {
    const speeds = workers.map((name) => 1000 / this.leafMs(name));
    const fastest = Math.max(...speeds);
    return workers.map((name, i) => ({ name, speed: speeds[i] > EQUAL_RATIO * fastest ? fastest : speeds[i] }));
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
