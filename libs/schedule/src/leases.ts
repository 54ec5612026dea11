/**
 * The leases of one step: who was asked for which leaves, until when.
 *
 *     granted --(result covers it)--> done
 *        |  \--(worker leaves)------> gone
 *        |\---(takes too long)------> shared, its worker is a straggler: others may be asked as well, without a strike
 *        \----(deadline passes)-----> expired: still welcome, but its leaves may be leased again
 *
 * Invariants: a leaf is free exactly if it is neither covered nor in a lease that is neither shared nor expired; neither
 * voids a lease, so a late result is used while its leaves are open; nobody is asked twice for a leaf that they were too
 * slow for; workers that are limited never have more than the limit of leaves together, counting what they brought. What is kept by worker, by leaf and by deadline makes each change cost what it changes, however many leases
 * there are. Times are milliseconds of an injected monotonic clock.
 */
import { Heap } from './heap.ts';
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
  /** Others may be asked for its leaves although its deadline has not passed. */
  readonly shared: boolean;
  /** Asked for leaves that have a value already, to compare: such a lease does not end with its leaves covered. */
  readonly audit: boolean;
  /** Its worker is one of those who together may have a limited number of leaves. */
  readonly isLimited: boolean;
  /** It was taken back: its worker left or was refused, or it was not needed any more. */
  readonly dropped: boolean;
}

/** Leaves to lease to one worker. */
export interface Assignment {
  readonly worker: string;
  readonly range: LeafRange;
  /** Whether it is one of those who together may have a limited number of leaves. */
  readonly isLimited?: boolean;
}

type Mutable = { -readonly [K in keyof Lease]: Lease[K] };

export class StepLeases {
  /** M. */
  readonly leaves: number;
  readonly #limit: number;
  readonly #nextId: () => number;
  readonly #leases = new Map<number, Mutable>();
  /** All that were granted since the step began. */
  #granted: Mutable[] = [];
  readonly #byWorker = new Map<string, Set<Mutable>>();
  readonly #byLeaf: Set<Mutable>[];
  readonly #expired = new Set<Mutable>();
  /** Leases with leaves that were covered since the last {@link settle}. */
  readonly #touched = new Set<Mutable>();
  /** By deadline; leases that ended or expired since are passed over. */
  #due = new Heap<Mutable>(isDueBefore);
  /** Leases of each leaf that keep it from being leased again. */
  readonly #holders: number[];
  readonly #covered: boolean[];
  readonly #free: Set<number>;
  /** Leaves without a value. */
  #uncovered: number;
  readonly #attempts: number[];
  /** Leaves of those who are limited: leased to them, or brought by them. */
  #limited = 0;

  /**
   * @param options.leaves M.
   * @param options.limit most leaves that workers which are limited have together; no limit unless said.
   * @param options.nextId a number not used before in this incarnation.
   */
  constructor(options: { readonly leaves: number; readonly limit?: number; readonly nextId: () => number }) {
    const { leaves, limit = Infinity, nextId } = options;
    this.leaves = this.#uncovered = leaves;
    this.#limit = limit;
    this.#nextId = nextId;
    this.#byLeaf = Array.from({ length: leaves }, () => new Set<Mutable>());
    this.#holders = new Array<number>(leaves).fill(0);
    this.#covered = new Array<boolean>(leaves).fill(false);
    this.#attempts = new Array<number>(leaves).fill(0);
    this.#free = new Set(this.#holders.keys());
  }

  /** All leases that may still bring a result, the oldest first. */
  get open(): readonly Lease[] {
    return [...this.#leases.values()];
  }

  /** All leases since the step began, however they ended, the oldest first. */
  get granted(): readonly Lease[] {
    return this.#granted;
  }

  /** Of each leaf whether it has a value. */
  get covered(): readonly boolean[] {
    return [...this.#covered];
  }

  /** How many more leaves those who are limited may have. */
  get limitedLeft(): number {
    return Math.max(0, this.#limit - this.#limited);
  }

  /** How many leases may still bring a result. */
  get size(): number {
    return this.#leases.size;
  }

  /** Open leases whose deadline has passed. */
  get expired(): readonly Lease[] {
    return [...this.#expired];
  }

  /** Open leases of exactly these leaves that compare values. */
  audits({ start, size }: Subtree): Lease[] {
    return [...this.#byLeaf[start]].filter(
      ({ audit, range }) => audit && range.first === start && range.count === size,
    );
  }

  /** How often a range's leaves have expired, at most. */
  attemptsOf({ first, count }: LeafRange): number {
    let most = 0;
    for (let leaf = first; leaf < first + count; leaf++) most = Math.max(most, this.#attempts[leaf]);
    return most;
  }

  /** @throws RangeError if the range does not lie in the step's tree. */
  grant(assignment: Assignment, now: number, durationMs: number, audit = false): Lease {
    const { worker, range, isLimited = false } = assignment;
    if (!(range.count >= 1 && range.first >= 0 && range.first + range.count <= this.leaves)) {
      throw new RangeError(`no leaves [${range.first}, ${range.first + range.count}) in a step of ${this.leaves}`);
    }
    const lease: Mutable = {
      id: this.#nextId(),
      worker,
      range,
      grantedAt: now,
      attempt: this.attemptsOf(range),
      deadline: now + durationMs,
      expired: false,
      shared: false,
      audit,
      isLimited,
      dropped: false,
    };
    if (isLimited) this.#limited += range.count;
    this.#leases.set(lease.id, lease);
    this.#granted.push(lease);
    const own = this.#byWorker.get(worker);
    if (own) own.add(lease);
    else this.#byWorker.set(worker, new Set([lease]));
    for (const leaf of leavesOf(range)) this.#byLeaf[leaf].add(lease);
    this.#hold(range);
    this.#due.push(lease);
    return lease;
  }

  /** The open lease of this number, if it is the worker's own. */
  of(id: number, worker: string): Lease | undefined {
    const lease = this.#leases.get(id);
    return lease?.worker === worker ? lease : undefined;
  }

  /** Leaves have a value. */
  cover({ start, size }: Subtree): void {
    for (let leaf = start; leaf < start + size; leaf++) {
      if (this.#covered[leaf]) continue;
      this.#covered[leaf] = true;
      this.#uncovered -= 1;
      this.#free.delete(leaf);
      for (const lease of this.#byLeaf[leaf]) if (!lease.audit) this.#touched.add(lease);
    }
  }

  /** Leaves that had a value have none again. */
  uncover({ start, size }: Subtree): void {
    for (let leaf = start; leaf < start + size; leaf++) {
      if (this.#covered[leaf]) this.#uncovered += 1;
      this.#covered[leaf] = false;
      if (this.#holders[leaf] === 0) this.#free.add(leaf);
    }
  }

  /** Forgets leases whose leaves are all covered. @returns those it forgot, the oldest first. */
  settle(): Lease[] {
    const settled = [...this.#touched].filter(({ range }) => leavesOf(range).every((leaf) => this.#covered[leaf]));
    this.#touched.clear();
    for (const lease of settled) this.#forget(lease);
    return settled.sort((a, b) => a.id - b.id);
  }

  /** A worker went away or was refused: its leaves are free at once. @returns the leases it held. */
  drop(worker: string): Lease[] {
    const gone = [...(this.#byWorker.get(worker) ?? [])];
    for (const lease of gone) this.#drop(lease);
    return gone;
  }

  /** Frees the leaves of one lease, such as one handed back. */
  dropLease(id: number): void {
    const lease = this.#leases.get(id);
    if (lease) this.#drop(lease);
  }

  /** Marks leases whose deadline has passed. @returns those newly expired, the oldest first. */
  expire(now: number): Lease[] {
    const expired: Lease[] = [];
    for (let lease = this.#nextDue(); lease && lease.deadline <= now; lease = this.#nextDue()) {
      const wasHeld = holds(lease);
      lease.expired = true;
      this.#expired.add(lease);
      for (const leaf of leavesOf(lease.range)) this.#attempts[leaf] += 1;
      if (wasHeld) this.#release(lease.range);
      expired.push(lease);
    }
    return expired.sort((a, b) => a.id - b.id);
  }

  /** Lets others be asked for the leaves of a lease, too. Its worker stays busy with it, and its deadline stands. */
  share(id: number): void {
    const lease = this.#leases.get(id);
    if (!lease || !holds(lease)) return;
    lease.shared = true;
    this.#release(lease.range);
  }

  /** The step begins now: leases that went out ahead of it get their full term from here. */
  restart(now: number): void {
    for (const lease of this.#leases.values()) {
      lease.deadline += now - lease.grantedAt;
      lease.grantedAt = now;
    }
    this.#granted = [...this.#leases.values()];
    this.#due = new Heap(isDueBefore, this.#leases.values());
  }

  /** The coordinator itself was late: nobody else pays for it. What was granted meanwhile moves up to now and no further. */
  postpone(byMs: number, now: number): void {
    for (const lease of this.#leases.values()) {
      const moved = Math.min(byMs, Math.max(0, now - lease.grantedAt));
      lease.deadline += moved;
      lease.grantedAt += moved;
    }
    this.#due = new Heap(isDueBefore, this.#leases.values());
  }

  /** The earliest deadline of a lease that has not expired. */
  get nextDeadline(): number | undefined {
    return this.#nextDue()?.deadline;
  }

  /** Whether a worker has a lease that has not expired. */
  isBusy(worker: string): boolean {
    for (const { expired } of this.#byWorker.get(worker) ?? []) if (!expired) return true;
    return false;
  }

  /** Whether every leaf has a value. */
  get isCovered(): boolean {
    return this.#uncovered === 0;
  }

  /** Whether any leaf is free for somebody. */
  get hasFree(): boolean {
    return this.#free.size > 0;
  }

  /** Leaves that are open and held by nobody, in ascending order. */
  freeLeaves(): number[] {
    return [...this.#free].sort((a, b) => a - b);
  }

  /** Leaves that a worker must not be asked for again: those of its own open leases; undefined if there are none. */
  askedOf(worker: string): ReadonlySet<number> | undefined {
    const own = this.#byWorker.get(worker);
    return own && new Set([...own].flatMap(({ range }) => leavesOf(range)));
  }

  /** Ranges of leaves that are free for a worker: open, in no live lease, and not once too slow for it. */
  freeRanges(worker?: string): LeafRange[] {
    const asked = worker === undefined ? undefined : this.askedOf(worker);
    const ranges: { first: number; count: number }[] = [];
    for (const leaf of this.freeLeaves()) {
      if (asked?.has(leaf)) continue;
      const last = ranges.at(-1);
      if (last && last.first + last.count === leaf) last.count += 1;
      else ranges.push({ first: leaf, count: 1 });
    }
    return ranges;
  }

  #nextDue(): Mutable | undefined {
    for (let lease = this.#due.first; lease; lease = this.#due.first) {
      if (!lease.expired && this.#leases.has(lease.id)) return lease;
      this.#due.pop();
    }
    return undefined;
  }

  #hold(range: LeafRange): void {
    for (const leaf of leavesOf(range)) {
      this.#holders[leaf] += 1;
      this.#free.delete(leaf);
    }
  }

  #release(range: LeafRange): void {
    for (const leaf of leavesOf(range)) {
      this.#holders[leaf] -= 1;
      if (this.#holders[leaf] === 0 && !this.#covered[leaf]) this.#free.add(leaf);
    }
  }

  #drop(lease: Mutable): void {
    lease.dropped = true;
    this.#forget(lease);
  }

  #forget(lease: Mutable): void {
    this.#leases.delete(lease.id);
    this.#expired.delete(lease);
    this.#touched.delete(lease);
    const own = this.#byWorker.get(lease.worker);
    own?.delete(lease);
    if (own?.size === 0) this.#byWorker.delete(lease.worker);
    // What has a value may have it from this worker.
    if (lease.isLimited) this.#limited -= leavesOf(lease.range).filter((leaf) => !this.#covered[leaf]).length;
    for (const leaf of leavesOf(lease.range)) this.#byLeaf[leaf].delete(lease);
    if (holds(lease)) this.#release(lease.range);
  }
}

function isDueBefore(a: Lease, b: Lease): boolean {
  return a.deadline === b.deadline ? a.id < b.id : a.deadline < b.deadline;
}

/** Whether a lease keeps its leaves from being leased again. */
function holds({ expired, shared }: Lease): boolean {
  return !expired && !shared;
}

function leavesOf({ first, count }: LeafRange): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
