/**
 * Who computes what next: free leaves meet idle workers.
 */
import { shareInGrains } from './grain.ts';
import { shareLeaves } from './shares.ts';
import type { Share } from './shares.ts';
import type { Assignment, StepLeases } from './leases.ts';

/** A worker that waits for work. */
export interface IdleWorker extends Share {
  /** Leaves per second. */
  readonly speed: number;
  readonly name: string;
}

/**
 * Shares all free leaves out among idle workers, by speed, in contiguous ranges; a share that spans a gap becomes two
 * assignments. Leaves that a worker was too slow for before go to the others; no leaf stays free that one of the workers
 * without a share could take. Those who are limited get no more of them than the step's limit leaves.
 *
 * @param vectorMs milliseconds that each vector of a result costs the coordinator; where a whole step is shared out, shares are as
 * coarse as that calls for.
 */
export function assignFreeLeaves(leases: StepLeases, idle: readonly IdleWorker[], vectorMs = 0): Assignment[] {
  const assignments: Assignment[] = [];
  if (!leases.hasFree) return assignments;
  const pool = new Pool(leases, vectorMs);
  let waiting = idle;
  while (waiting.length > 0 && pool.size > 0) {
    const served = new Set<string>();
    for (const { worker, leaves } of pool.share(waiting)) {
      const { name, isLimited } = worker;
      served.add(name);
      const whose = { worker: name, ...(isLimited === true && { isLimited }) };
      assignments.push(...rangesOf(leaves).map((range) => ({ ...whose, range })));
    }
    // A share may have been kept for a faster worker that was too slow for these very leaves.
    waiting = waiting.filter((worker) => !served.has(worker.name) && pool.countFor(worker) > 0);
  }
  return assignments;
}

/** The free leaves while they are shared out: taken from the front, so that ranges are contiguous. */
class Pool {
  readonly #leases: StepLeases;
  readonly #vectorMs: number;
  readonly #leaves: readonly number[];
  readonly #isTaken: boolean[];
  #placeOf: Map<number, number> | undefined;
  /** All leaves before this place are taken. */
  #front = 0;
  /** How many leaves those who are limited may still have. */
  #limited: number;
  size: number;

  constructor(leases: StepLeases, vectorMs: number) {
    this.#leases = leases;
    this.#vectorMs = vectorMs;
    this.#leaves = leases.freeLeaves();
    this.#isTaken = this.#leaves.map(() => false);
    this.size = this.#leaves.length;
    this.#limited = leases.limitedLeft;
  }

  /** Gives each worker in turn the share that it would have if all leaves it may have were shared among those left. */
  *share(workers: readonly IdleWorker[]): Generator<{ worker: IdleWorker; leaves: number[] }> {
    // Holds from one worker to the next as long as each takes what was planned for it.
    let plan: { counts: number[]; from: number } | undefined;
    for (const [index, worker] of workers.entries()) {
      const barred = this.#barred(worker.name);
      // Who may not have all of them takes another share than planned, if any.
      if (barred.size > 0) plan = undefined;
      const least = this.size - barred.size;
      if (least === 0) continue;
      plan ??= { counts: this.#plan(least, workers.slice(index)), from: index };
      const leaves = this.#take(plan.counts[index - plan.from], barred);
      if (barred.size > 0) plan = undefined;
      if (worker.isLimited) this.#limited -= leaves.length;
      if (leaves.length > 0) yield { worker, leaves };
    }
  }

  /** How many of the leaves a worker may have. */
  countFor({ name, isLimited = false }: IdleWorker): number {
    const open = this.size - this.#barred(name).size;
    return isLimited ? Math.min(open, this.#limited) : open;
  }

  #plan(leaves: number, workers: readonly IdleWorker[]): number[] {
    const shares =
      leaves === this.#leases.leaves
        ? shareInGrains(leaves, workers, this.#vectorMs, this.#limited)
        : shareLeaves(leaves, workers, this.#limited);
    return shares.map(({ count }) => count);
  }

  /** Places of leaves that are still here and not for this worker. */
  #barred(worker: string): Set<number> {
    const barred = new Set<number>();
    const asked = this.#leases.askedOf(worker);
    if (!asked) return barred;
    this.#placeOf ??= new Map(this.#leaves.map((leaf, place) => [leaf, place]));
    for (const leaf of asked) {
      const place = this.#placeOf.get(leaf);
      if (place !== undefined && !this.#isTaken[place]) barred.add(place);
    }
    return barred;
  }

  #take(count: number, barred: ReadonlySet<number>): number[] {
    const leaves: number[] = [];
    for (let place = this.#front; leaves.length < count; place++) {
      if (this.#isTaken[place] || barred.has(place)) continue;
      this.#isTaken[place] = true;
      leaves.push(this.#leaves[place]);
    }
    while (this.#isTaken[this.#front]) this.#front += 1;
    this.size -= leaves.length;
    return leaves;
  }
}

/** Cuts ascending leaves into contiguous ranges. */
function rangesOf(leaves: readonly number[]): { first: number; count: number }[] {
  const ranges: { first: number; count: number }[] = [];
  for (const leaf of leaves) {
    const last = ranges.at(-1);
    if (last && last.first + last.count === leaf) last.count += 1;
    else ranges.push({ first: leaf, count: 1 });
  }
  return ranges;
}
