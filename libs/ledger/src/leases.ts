/**
 * The leases of one step: who was asked for which leaves, until when.
 *
 *     granted --(result covers it)--> done
 *        |  \--(worker leaves)------> gone
 *        \--(deadline passes)-------> expired: still welcome, but its leaves may be leased again
 *
 * Invariants: a leaf is free exactly if it is neither covered nor in a live lease; expiry never voids a lease, so a late
 * result is used while its leaves are open; nobody is asked twice for a leaf that they were too slow for. Times are
 * milliseconds of an injected monotonic clock.
 */
import { contains, overlaps } from './tree.ts';
import type { LeafRange, Subtree } from './tree.ts';

export interface Lease {
  readonly id: number;
  readonly worker: string;
  readonly range: LeafRange;
  readonly grantedAt: number;
  /** How often leaves of this range had expired before: 0 for a first lease. */
  readonly attempt: number;
  /** When the lease becomes stealable. */
  readonly deadline: number;
  readonly expired: boolean;
  /** Asked for leaves that have a value already, to compare: such a lease does not end with its leaves covered. */
  readonly audit: boolean;
}

/** Leaves to lease to one worker. */
export interface Assignment {
  readonly worker: string;
  readonly range: LeafRange;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class StepLeases {
  readonly #leaves: number;
  readonly #isCovered: (leaf: number) => boolean;
  readonly #leases = new Map<number, Mutable<Lease>>();
  readonly #attempts: number[];
  readonly #nextId: () => number;

  /**
   * @param options.leaves M.
   * @param options.isCovered whether a leaf's value is in the sum already.
   * @param options.nextId a number not used before in this incarnation.
   */
  constructor(options: {
    readonly leaves: number;
    readonly isCovered: (leaf: number) => boolean;
    readonly nextId: () => number;
  }) {
    this.#leaves = options.leaves;
    this.#isCovered = options.isCovered;
    this.#nextId = options.nextId;
    this.#attempts = Array.from({ length: options.leaves }, () => 0);
  }

  /** All leases that may still bring a result. */
  get open(): readonly Lease[] {
    return [...this.#leases.values()];
  }

  /** How often a range's leaves have expired, at most. */
  attemptsOf({ first, count }: LeafRange): number {
    return Math.max(...this.#attempts.slice(first, first + count));
  }

  /** @throws RangeError if the range does not lie in the step's tree. */
  grant(assignment: Assignment, now: number, durationMs: number, audit = false): Lease {
    const { worker, range } = assignment;
    if (!(range.count >= 1 && range.first >= 0 && range.first + range.count <= this.#leaves)) {
      throw new RangeError(`no leaves [${range.first}, ${range.first + range.count}) in a step of ${this.#leaves}`);
    }
    const lease = {
      id: this.#nextId(),
      worker,
      range,
      grantedAt: now,
      attempt: this.attemptsOf(range),
      deadline: now + durationMs,
      expired: false,
      audit,
    };
    this.#leases.set(lease.id, lease);
    return lease;
  }

  /** The lease a result speaks of, if it is the worker's own and covers the subtree. */
  find(id: number, worker: string, subtree: Subtree): Lease | undefined {
    const lease = this.#leases.get(id);
    if (lease?.worker !== worker) return undefined;
    const whole = { start: lease.range.first, size: lease.range.count };
    return contains(whole, subtree) ? lease : undefined;
  }

  /** Forgets leases whose leaves are all covered. @returns those it forgot. */
  settle(): Lease[] {
    return this.#forget(({ range, audit }) => {
      if (audit) return false;
      for (let leaf = range.first; leaf < range.first + range.count; leaf++) if (!this.#isCovered(leaf)) return false;
      return true;
    });
  }

  /** A worker went away or was refused: its leaves are free at once. @returns the leases it held. */
  drop(worker: string): Lease[] {
    return this.#forget((lease) => lease.worker === worker);
  }

  /** Frees the leaves of one lease, such as one handed back. */
  dropLease(id: number): void {
    this.#leases.delete(id);
  }

  /** Marks leases whose deadline has passed. @returns those newly expired. */
  expire(now: number): Lease[] {
    const expired: Lease[] = [];
    for (const lease of this.#leases.values()) {
      if (lease.expired || lease.deadline > now) continue;
      lease.expired = true;
      for (let leaf = lease.range.first; leaf < lease.range.first + lease.range.count; leaf++)
        this.#attempts[leaf] += 1;
      expired.push(lease);
    }
    return expired;
  }

  /** The step begins now: leases that went out ahead of it get their full term from here. */
  restart(now: number): void {
    for (const lease of this.#leases.values()) {
      lease.deadline += now - lease.grantedAt;
      lease.grantedAt = now;
    }
  }

  /** The coordinator itself was late: nobody else pays for it. */
  postpone(byMs: number): void {
    for (const lease of this.#leases.values()) lease.deadline += byMs;
  }

  /** The earliest deadline of a lease that has not expired. */
  get nextDeadline(): number | undefined {
    let earliest: number | undefined;
    for (const { expired, deadline } of this.#leases.values()) {
      if (!expired && (earliest === undefined || deadline < earliest)) earliest = deadline;
    }
    return earliest;
  }

  /** Whether a worker has a lease that has not expired. */
  isBusy(worker: string): boolean {
    return this.open.some((lease) => lease.worker === worker && !lease.expired);
  }

  /** Ranges of leaves that are free for a worker: open, in no live lease, and not once too slow for it. */
  freeRanges(worker?: string): LeafRange[] {
    const ranges: { first: number; count: number }[] = [];
    for (let leaf = 0; leaf < this.#leaves; leaf++) {
      if (!this.#isFree(leaf, worker)) continue;
      const last = ranges.at(-1);
      if (last && last.first + last.count === leaf) last.count += 1;
      else ranges.push({ first: leaf, count: 1 });
    }
    return ranges;
  }

  #isFree(leaf: number, worker: string | undefined): boolean {
    if (this.#isCovered(leaf)) return false;
    for (const lease of this.#leases.values()) {
      if (!overlaps(lease.range, { first: leaf, count: 1 })) continue;
      if (!lease.expired || lease.worker === worker) return false;
    }
    return true;
  }

  #forget(condition: (lease: Lease) => boolean): Lease[] {
    const gone = this.open.filter(condition);
    for (const { id } of gone) this.#leases.delete(id);
    return gone;
  }
}
