/**
 * How fast workers are, and so how long a lease may take and how many leaves a worker should get.
 *
 * A deadline is twice the median of measured lease times, so a healthy worker keeps it unless it is disturbed; it
 * doubles with each attempt on the same leaves, so a slow machine keeps it in the end. A missed one counts against its worker.
 * Long before a slow worker's own deadline a step may stop waiting for it: after the patience that the fleet's measured
 * leases call for, others may be asked as well, without a strike (stragglers, backup tasks).
 *
 * Invariant: what a worker says of itself is a hint for shares, one among the times that are measured later. It never makes a
 * newcomer faster than the fleet is, and no patience is longer for it.
 *
 * A vector has its price as well: where leaves are fast, shares are coarse and aligned, so that few have to be received and added
 * (`libs/schedule/src/grain.ts`).
 *
 * A worker that seems so slow that it gets no leaf is not measured any more, so it is put on trial: with one leaf, and what
 * it then takes replaces all that was known. The first trial comes at once, since a first impression may be an accident of
 * a busy machine; each that it fails doubles the time to the next.
 */

import type { IdleWorker } from '@gradcast/schedule';

/** Times kept of each worker and of all workers together. */
const WINDOW = 15;

/** Added to every deadline: scheduling noise of a machine, which does not shrink with the lease. */
const SLACK_MS = 250;

/** Added to a step's patience: longer, so that whoever is as fast as the fleet is judged by its own deadline. */
const PATIENCE_SLACK_MS = 750;

/** What a newcomer may say that a leaf takes. */
const MOST_CLAIMED_MS = 60_000;

/** Workers closer to the fastest than this count as equally fast: noise must not unbalance equal shares. */
const EQUAL_RATIO = 0.75;

/**
 * The longest time between trials, in steps, times by how much a worker is slower than the fastest: trials of one that is
 * as slow as it seemed come to cost one part in so many.
 */
const TRIAL_STEPS = 16;

/** What a vector costs the coordinator, in times of adding it: receiving it takes as long (docs/performance.md, the hub). */
const VECTOR_COST = 2;

export class Pace {
  /** Milliseconds a leaf, by worker. */
  readonly #times = new Map<string, Recent>();
  /** Milliseconds of checking and adding for each result of a step. */
  readonly #adding = new Recent();
  readonly #allLeaves = new Recent();
  /** Milliseconds a lease, of all workers. */
  readonly #allLeases = new Recent();
  /** Workers of which nothing is measured that still counts: the next measurement replaces what is known. */
  readonly #unproven = new Set<string>();
  /** Steps in a row of which a worker got nothing. */
  readonly #passedOver = new Map<string, number>();
  /** Trials in a row. */
  readonly #trials = new Map<string, number>();

  /** What a worker says its probe took: its first estimate, until a lease is measured. */
  introduce(worker: string, claimedMs: number): void {
    const leafMs = Math.min(MOST_CLAIMED_MS, Math.max(claimedMs, this.#allLeaves.median ?? 0));
    this.#times.set(worker, new Recent(leafMs));
  }

  forget(worker: string): void {
    this.#times.delete(worker);
    this.#passedOver.delete(worker);
    this.#trials.delete(worker);
    this.#unproven.delete(worker);
  }

  /** A lease came back whole: milliseconds per leaf, from grant to result. */
  measured(worker: string, leafMs: number, leaves = 1): void {
    if (this.#unproven.delete(worker)) this.#times.set(worker, new Recent());
    this.#times.get(worker)?.add(leafMs);
    this.#allLeaves.add(leafMs);
    this.#allLeases.add(leafMs * leaves);
  }

  /** A step's results were checked and added in so many milliseconds. */
  added(ms: number, results: number): void {
    if (results > 0) this.#adding.add(ms / results);
  }

  /** What each vector of a result costs the coordinator, in milliseconds; 0 while nothing is measured. */
  get vectorMs(): number {
    return VECTOR_COST * (this.#adding.median ?? 0);
  }

  /** A deadline passed: a worker takes longer than so many milliseconds a leaf. Of the others it says nothing. */
  late(worker: string, leafMs: number): void {
    this.#times.get(worker)?.add(leafMs);
  }

  /** A step stopped waiting for a worker after so many milliseconds a leaf: until it is measured, it counts as that slow. */
  outwaited(worker: string, leafMs: number): void {
    if (!this.#times.has(worker)) return;
    this.#times.set(worker, new Recent(Math.max(leafMs, this.#unproven.has(worker) ? 0 : this.leafMs(worker))));
    this.#unproven.add(worker);
  }

  /** Median milliseconds per leaf of a worker; of all workers if it is unknown. */
  leafMs(worker: string): number {
    return (this.#times.get(worker) ?? this.#allLeaves).median ?? 1000;
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
        this.#unproven.add(worker);
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
    const typical = Math.max(this.leafMs(worker), this.#allLeaves.median ?? 0);
    return (2 * typical * lease.leaves + SLACK_MS) * 2 ** Math.min(lease.attempt, 10);
  }

  /**
   * Milliseconds after which others may be asked for a lease's leaves as well: twice what the fleet's leases take, or what
   * so many leaves take at the fleet's speed, or at the worker's own if that is better. Infinity while nothing is measured.
   */
  patienceMs(worker: string, leaves: number): number {
    const lease = this.#allLeases.median;
    const leaf = this.#allLeaves.median;
    if (lease === undefined || leaf === undefined) return Infinity;
    return 2 * Math.max(lease, leaves * Math.min(leaf, this.leafMs(worker))) + PATIENCE_SLACK_MS;
  }
}

/** The last few of many times; their median is looked for once after each change. */
class Recent {
  readonly #times: number[] = [];
  #median: number | undefined;

  constructor(...times: number[]) {
    for (const ms of times) this.add(ms);
  }

  /** A time of zero would make a speed infinite. */
  add(ms: number): void {
    this.#times.push(Math.max(ms, 0.01));
    if (this.#times.length > WINDOW) this.#times.shift();
    this.#median = undefined;
  }

  get median(): number | undefined {
    if (this.#times.length === 0) return undefined;
    this.#median ??= this.#times.toSorted((a, b) => a - b)[this.#times.length >> 1];
    return this.#median;
  }
}
