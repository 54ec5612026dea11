/**
 * What is kept by worker, leaf and deadline says the same as walking over all leases and leaves for every question, which
 * is what the reference here does.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignFreeLeaves } from './assign.ts';
import type { IdleWorker } from './assign.ts';
import { StepLeases } from './leases.ts';
import type { Assignment, Lease } from './leases.ts';
import { alignedSubtrees } from './tree.ts';
import type { LeafRange } from './tree.ts';

const LEAVES = 16;
const WORKERS = ['a', 'b', 'c', 'd', 'e', 'f'];

type Plain = { -readonly [K in keyof Omit<Lease, 'shared' | 'attempt' | 'isLimited' | 'dropped'>]: Lease[K] };

/** Leases as a list, every question a walk over it. */
class ReferenceLeases {
  leases: Plain[] = [];
  readonly covered = new Set<number>();

  settle(): number[] {
    const settled = this.leases.filter(
      ({ range, audit }) => !audit && leavesOf(range).every((l) => this.covered.has(l)),
    );
    this.leases = this.leases.filter((lease) => !settled.includes(lease));
    return settled.map(({ id }) => id);
  }

  expire(now: number): number[] {
    const expired = this.leases.filter((lease) => !lease.expired && lease.deadline <= now);
    for (const lease of expired) lease.expired = true;
    return expired.map(({ id }) => id);
  }

  freeFor(worker: string): number[] {
    const isHeld = (leaf: number) =>
      this.leases.some((lease) => leavesOf(lease.range).includes(leaf) && (!lease.expired || lease.worker === worker));
    return leavesOf({ first: 0, count: LEAVES }).filter((leaf) => !this.covered.has(leaf) && !isHeld(leaf));
  }

  assign(idle: readonly IdleWorker[]): Assignment[] {
    const taken = new Set<number>();
    return idle.flatMap(({ name: worker }, index) => {
      const free = this.freeFor(worker).filter((leaf) => !taken.has(leaf));
      const share = free.slice(0, shareOfFirst(free.length, idle.slice(index)));
      for (const leaf of share) taken.add(leaf);
      return rangesOf(share).map((range) => ({ worker, range }));
    });
  }
}

/** The share of the first of some workers, each leaf given by comparing all. */
function shareOfFirst(leaves: number, workers: readonly IdleWorker[]): number {
  let left = leaves;
  const counts = workers.map(({ onTrial = false }) => (onTrial && left > 0 ? ((left -= 1), 1) : 0));
  for (; left > 0; left--) {
    let best = 0;
    for (let worker = 1; worker < counts.length; worker++) {
      const time = (counts[worker] + 1) * workers[best].speed;
      const least = (counts[best] + 1) * workers[worker].speed;
      if (time < least || (time === least && counts[worker] < counts[best])) best = worker;
    }
    counts[best] += 1;
  }
  return counts[0];
}

function leavesOf({ first, count }: LeafRange): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

function rangesOf(leaves: readonly number[]): LeafRange[] {
  const starts = leaves.filter((leaf, i) => i === 0 || leaves[i - 1] !== leaf - 1);
  return starts.map((first) => {
    let count = 1;
    while (leaves.includes(first + count)) count += 1;
    return { first, count };
  });
}

/** Both, going through the same events. */
class Pair {
  readonly leases: StepLeases;
  readonly reference = new ReferenceLeases();
  now = 0;
  /** Leaves that the reference left free although somebody without a share could have had them. */
  rescued = 0;
  granted = 0;

  constructor() {
    let last = 0;
    this.leases = new StepLeases({ leaves: LEAVES, nextId: () => ++last });
  }

  grant(assignment: Assignment, durationMs: number, audit: boolean): void {
    const { id, worker, range, grantedAt, deadline, expired } = this.leases.grant(
      assignment,
      this.now,
      durationMs,
      audit,
    );
    this.reference.leases.push({ id, worker, range, grantedAt, deadline, expired, audit });
    this.granted += 1;
  }

  assign(speeds: readonly { readonly speed: number; readonly onTrial: boolean }[], durationMs: number): void {
    const idle = WORKERS.map((name, i) => ({ name, ...speeds[i] })).filter(({ name }) => !this.leases.isBusy(name));
    const assignments = assignFreeLeaves(this.leases, idle);
    const expected = this.reference.assign(idle);
    expect(assignments.slice(0, expected.length)).toEqual(expected);
    const served = new Set(expected.map(({ worker }) => worker));
    for (const { worker, range } of assignments.slice(expected.length)) {
      expect(served.has(worker)).toBe(false);
      expect(this.reference.freeFor(worker)).toEqual(expect.arrayContaining(leavesOf(range)));
      this.rescued += range.count;
    }
    for (const assignment of assignments) this.grant(assignment, durationMs, false);
    // Nobody is left without work who could have some.
    for (const { name } of idle) {
      if (!this.leases.isBusy(name)) expect([name, this.reference.freeFor(name)]).toEqual([name, []]);
    }
  }

  check(): void {
    const { leases, reference } = this;
    expect(leases.open).toMatchObject(reference.leases);
    expect(leases.size).toBe(reference.leases.length);
    const expired = new Set(reference.leases.filter((lease) => lease.expired).map(({ id }) => id));
    expect(new Set(leases.expired.map(({ id }) => id))).toEqual(expired);
    const deadlines = reference.leases.filter((lease) => !lease.expired).map(({ deadline }) => deadline);
    expect(leases.nextDeadline).toBe(deadlines.length > 0 ? Math.min(...deadlines) : undefined);
    for (const worker of [...WORKERS, 'nobody']) {
      expect(leases.isBusy(worker)).toBe(reference.leases.some((lease) => lease.worker === worker && !lease.expired));
      expect(leases.freeRanges(worker)).toEqual(rangesOf(reference.freeFor(worker)));
    }
  }
}

const speed = fc.record({
  speed: fc.oneof(fc.constantFrom(1, 2, 4), fc.double({ min: 0.01, max: 100, noNaN: true })),
  onTrial: fc.boolean(),
});
const event = fc.record({
  kind: fc.constantFrom(
    'assign',
    'assign',
    'result',
    'result',
    'part',
    'audit',
    'drop',
    'drop lease',
    'time',
    'time',
    'stall',
  ),
  pick: fc.nat(1000),
  speeds: fc.array(speed, { minLength: WORKERS.length, maxLength: WORKERS.length }),
});

describe('leases with indexes', () => {
  it('answer every question, and share every free leaf, as a walk over all of them would', () => {
    const reached = { rescued: 0, granted: 0 };
    fc.assert(
      fc.property(fc.array(event, { minLength: 10, maxLength: 60 }), (events) => {
        const pair = new Pair();
        const { leases, reference } = pair;
        for (const { kind, pick, speeds } of events) {
          const some = leases.open.at(pick % Math.max(1, leases.size));
          const worker = WORKERS[pick % WORKERS.length];
          if (kind === 'assign') pair.assign(speeds, 5 + (pick % 20));
          if (some && (kind === 'result' || kind === 'part')) {
            for (const subtree of alignedSubtrees(some.range).slice(0, kind === 'part' ? 1 : Infinity)) {
              leases.cover(subtree);
              for (const leaf of leavesOf({ first: subtree.start, count: subtree.size })) reference.covered.add(leaf);
            }
            expect(leases.settle().map(({ id }) => id)).toEqual(reference.settle());
          }
          if (kind === 'audit') pair.grant({ worker, range: { first: pick % LEAVES, count: 1 } }, 10, true);
          if (kind === 'drop') {
            const gone = leases.drop(worker).map(({ id }) => id);
            expect(gone).toEqual(reference.leases.filter((lease) => lease.worker === worker).map(({ id }) => id));
            reference.leases = reference.leases.filter((lease) => lease.worker !== worker);
          }
          if (kind === 'drop lease' && some) {
            leases.dropLease(some.id);
            reference.leases = reference.leases.filter(({ id }) => id !== some.id);
          }
          if (kind === 'time') {
            pair.now += pick % 15;
            expect(leases.expire(pair.now).map(({ id }) => id)).toEqual(reference.expire(pair.now));
          }
          if (kind === 'stall') {
            leases.restart(pair.now);
            for (const lease of reference.leases) {
              lease.deadline += pair.now - lease.grantedAt;
              lease.grantedAt = pair.now;
            }
          }
          pair.check();
        }
        reached.rescued += pair.rescued;
        reached.granted += pair.granted;
      }),
      { numRuns: 200 },
    );
    // Walks in which nothing was handed out, or no leaf was nearly forgotten, would prove little.
    expect(reached.granted).toBeGreaterThan(1000);
    expect(reached.rescued).toBeGreaterThan(0);
  });

  it('leaves no leaf to nobody because a faster worker, which was too slow for it, waits as well', () => {
    const leases = new StepLeases({ leaves: 1, nextId: () => 1 });
    leases.grant({ worker: 'fast', range: { first: 0, count: 1 } }, 0, 100);
    leases.expire(100);
    const idle = [
      { name: 'slow', speed: 1 },
      { name: 'fast', speed: 10 },
    ];
    expect(assignFreeLeaves(leases, idle)).toEqual([{ worker: 'slow', range: { first: 0, count: 1 } }]);
  });

  // Walking all leases for all leaves took a minute; the runner's limit is five seconds, this takes some milliseconds.
  it('shares thousands of leaves in no time', () => {
    const leaves = 4096;
    let last = 0;
    const leases = new StepLeases({ leaves, nextId: () => ++last });
    const idle = Array.from({ length: 1024 }, (_, i) => ({ name: `w${i}`, speed: 1 + (i % 3), onTrial: i % 7 === 0 }));
    for (const assignment of assignFreeLeaves(leases, idle)) leases.grant(assignment, 0, 100);
    for (let leaf = 0; leaf < leaves; leaf++) {
      leases.cover({ start: leaf, size: 1 });
      leases.settle();
    }
    expect([leases.size, leases.hasFree]).toEqual([0, false]);
  }, 5000);
});
