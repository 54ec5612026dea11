import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignFreeLeaves } from './assign.ts';
import { StepLeases } from './leases.ts';
import { shareLeaves } from './shares.ts';
import { TreeSum } from './tree-sum.ts';
import { alignedSubtrees } from './tree.ts';

/** Ids as the coordinator gives them: counted, never repeated. */
function counter(): () => number {
  let last = 0;
  return () => ++last;
}

function step(leaves: number) {
  const leases = new StepLeases({ leaves, nextId: counter() });
  return { leases, cover: (start: number, size: number) => leases.cover({ start, size }) };
}

const speeds = (...all: number[]) => all.map((speed) => ({ speed }));

describe('shareLeaves', () => {
  it('gives three equal workers 3, 3 and 2 of eight leaves, and twice the leaves to one twice as fast', () => {
    expect(shareLeaves(8, speeds(1, 1, 1)).map(({ count }) => count)).toEqual([3, 3, 2]);
    expect(shareLeaves(12, speeds(10, 20, 10)).map(({ count }) => count)).toEqual([3, 6, 3]);
    expect(shareLeaves(2, speeds(1, 1, 1, 1)).map(({ count }) => count)).toEqual([1, 1, 0, 0]);
  });

  it('shares every leaf once, in order, and no share could finish earlier by moving one leaf', () => {
    fc.assert(
      fc.property(
        fc.nat(64),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }),
        (leaves, fast) => {
          const shares = shareLeaves(leaves, speeds(...fast));
          let next = 0;
          for (const { first, count } of shares) {
            expect(first).toBe(next);
            next += count;
          }
          expect(next).toBe(leaves);
          const times = shares.map(({ count }, i) => count / fast[i]);
          const longest = Math.max(...times);
          shares.forEach(({ count }, i) => expect((count + 1) / fast[i]).toBeGreaterThanOrEqual(longest - 1e-9));
        },
      ),
    );
  });

  it('refuses a speed that is not positive', () => {
    expect(() => shareLeaves(4, speeds(1, 0))).toThrow(RangeError);
  });

  it('prefers the worker with fewer leaves where both would finish at once', () => {
    expect(shareLeaves(2, speeds(2, 1)).map(({ count }) => count)).toEqual([1, 1]);
    expect(shareLeaves(3, speeds(2, 1)).map(({ count }) => count)).toEqual([2, 1]);
  });

  it('gives a worker on trial one leaf in any case, as far as there are any', () => {
    const slow = { speed: 1, onTrial: true };
    expect(shareLeaves(2, [{ speed: 9 }, slow]).map(({ count }) => count)).toEqual([1, 1]);
    expect(shareLeaves(8, [{ speed: 9 }, slow]).map(({ count }) => count)).toEqual([7, 1]);
    expect(shareLeaves(1, [slow, slow]).map(({ count }) => count)).toEqual([1, 0]);
  });

  it('gives those who are limited no more than the limit together, on trial or not, and the rest to the others', () => {
    const limited = { speed: 3, isLimited: true };
    const counts = (leaves: number, limit: number, ...workers: Parameters<typeof shareLeaves>[1]) =>
      shareLeaves(leaves, workers, limit).map(({ count }) => count);
    expect(counts(8, 8, limited, { speed: 1 })).toEqual([6, 2]);
    expect(counts(8, 4, limited, { speed: 1 })).toEqual([4, 4]);
    expect(counts(8, 3, limited, limited, { speed: 1 })).toEqual([2, 1, 5]);
    expect(counts(8, 1, { ...limited, onTrial: true }, { ...limited, onTrial: true }, { speed: 1 })).toEqual([1, 0, 7]);
    expect(counts(8, 3, limited)).toEqual([3]);
    expect(counts(8, 0, limited, limited)).toEqual([0, 0]);
  });
});

describe('StepLeases', () => {
  it('frees the leaves of a worker that leaves, but not those already covered', () => {
    const { leases, cover } = step(8);
    leases.grant({ worker: 'a', range: { first: 0, count: 4 } }, 0, 100);
    leases.grant({ worker: 'b', range: { first: 4, count: 4 } }, 0, 100);
    expect(leases.freeRanges()).toEqual([]);
    cover(0, 2);
    leases.drop('a');
    expect(leases.freeRanges()).toEqual([{ first: 2, count: 2 }]);
  });

  it('makes an expired lease stealable, not void, and not for the worker that was too slow', () => {
    const { leases } = step(4);
    const lease = leases.grant({ worker: 'a', range: { first: 0, count: 4 } }, 0, 100);
    expect(leases.nextDeadline).toBe(100);
    expect(leases.expire(99)).toEqual([]);
    expect(leases.expire(100).map(({ id }) => id)).toEqual([lease.id]);
    expect(leases.expire(200)).toEqual([]);
    expect(leases.freeRanges('b')).toEqual([{ first: 0, count: 4 }]);
    expect(leases.freeRanges('a')).toEqual([]);
    expect(leases.isBusy('a')).toBe(false);
    expect(leases.of(lease.id, 'a')).toBeDefined();
    expect(leases.grant({ worker: 'b', range: { first: 0, count: 2 } }, 200, 100).attempt).toBe(1);
  });

  it('finds a lease only for its own worker', () => {
    const { leases } = step(8);
    const { id } = leases.grant({ worker: 'a', range: { first: 2, count: 3 } }, 0, 100);
    expect(leases.of(id, 'b')).toBeUndefined();
    expect(leases.of(id + 1, 'a')).toBeUndefined();
    expect(leases.of(id, 'a')?.id).toBe(id);
  });

  it('moves every deadline when the coordinator itself was late', () => {
    const { leases } = step(2);
    leases.grant({ worker: 'a', range: { first: 0, count: 2 } }, 0, 100);
    leases.postpone(500, 600);
    expect(leases.open[0]).toMatchObject({ grantedAt: 500, deadline: 600 });
    expect(leases.expire(599)).toEqual([]);
    expect(leases.expire(600)).toHaveLength(1);
  });
});

describe('a shared lease', () => {
  it('lets others be asked as well, keeps its worker busy and its deadline, and is settled by whoever answers', () => {
    const { leases, cover } = step(4);
    const lease = leases.grant({ worker: 'a', range: { first: 0, count: 4 } }, 0, 100);
    leases.share(lease.id);
    leases.share(lease.id);
    expect([leases.freeRanges('a'), leases.freeRanges('b')]).toEqual([[], [{ first: 0, count: 4 }]]);
    expect([leases.isBusy('a'), leases.expired]).toEqual([true, []]);
    const other = leases.grant({ worker: 'b', range: { first: 0, count: 4 } }, 50, 100);
    expect(other.attempt).toBe(0);
    expect(leases.expire(100).map(({ id }) => id)).toEqual([lease.id]);
    expect([leases.isBusy('a'), leases.freeRanges('c')]).toEqual([false, []]);
    cover(0, 4);
    expect(leases.settle().map(({ worker }) => worker)).toEqual(['a', 'b']);
  });
});

describe('a lease that compares values', () => {
  it('outlives its leaves', () => {
    const { leases, cover } = step(4);
    const { id } = leases.grant({ worker: 'a', range: { first: 0, count: 4 } }, 0, 100, true);
    cover(0, 4);
    expect(leases.settle()).toEqual([]);
    expect(leases.of(id, 'a')?.id).toBe(id);
    expect([leases.audits({ start: 0, size: 4 }).length, leases.audits({ start: 0, size: 2 })]).toEqual([1, []]);
  });
});

describe('a stall of the coordinator', () => {
  it('moves nothing into the future: what was granted meanwhile moves up to now', () => {
    const { leases } = step(2);
    leases.grant({ worker: 'a', range: { first: 0, count: 1 } }, 0, 100);
    leases.grant({ worker: 'b', range: { first: 1, count: 1 } }, 950, 100);
    leases.postpone(900, 1000);
    expect(leases.open.map(({ grantedAt, deadline }) => [grantedAt, deadline])).toEqual([
      [900, 1000],
      [1000, 1100],
    ]);
    expect([leases.nextDeadline, leases.expire(1000).map(({ worker }) => worker)]).toEqual([1000, ['a']]);
  });
});

describe('assignFreeLeaves', () => {
  it('shares a new step out and later the leaves of a lost worker', () => {
    const { leases, cover } = step(8);
    const workers = ['a', 'b', 'c'].map((name) => ({ name, speed: 1 }));
    for (const assignment of assignFreeLeaves(leases, workers)) leases.grant(assignment, 0, 100);
    expect(leases.open.map(({ worker, range }) => [worker, range.first, range.count])).toEqual([
      ['a', 0, 3],
      ['b', 3, 3],
      ['c', 6, 2],
    ]);
    cover(0, 3);
    leases.settle();
    leases.drop('c');
    expect(assignFreeLeaves(leases, [workers[0]])).toEqual([{ worker: 'a', range: { first: 6, count: 2 } }]);
  });

  it('closes a step with the plain tree’s sum under any walk of grants, results, losses and expiries', () => {
    const event = fc.record({
      kind: fc.constantFrom('assign', 'result', 'part', 'drop', 'expire'),
      pick: fc.nat(1000),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.array(event, { maxLength: 60 }), (log, events) => {
        const M = 2 ** log;
        const sum = new TreeSum<number[]>({ start: 0, size: M }, (left, right) => [...left, ...right]);
        const leases = new StepLeases({ leaves: M, nextId: counter() });
        const workers = ['a', 'b', 'c'];
        let now = 0;
        const deliver = (id: number, parts: number) => {
          const lease = leases.open.find((open) => open.id === id)!;
          for (const subtree of alignedSubtrees(lease.range).slice(0, parts)) {
            const leaves = Array.from({ length: subtree.size }, (_, i) => subtree.start + i);
            if (leases.of(id, lease.worker)) sum.add(subtree, leaves);
            leases.cover(subtree);
          }
          leases.settle();
        };
        const assign = () => {
          const idle = workers.filter((worker) => !leases.isBusy(worker)).map((name) => ({ name, speed: 1 }));
          for (const assignment of assignFreeLeaves(leases, idle)) leases.grant(assignment, now, 10);
        };
        for (const { kind, pick } of events) {
          const open = leases.open;
          const some = open.length > 0 ? open[pick % open.length] : undefined;
          if (kind === 'assign') assign();
          if (kind === 'result' && some) deliver(some.id, Infinity);
          if (kind === 'part' && some) deliver(some.id, 1);
          if (kind === 'drop') leases.drop(workers[pick % workers.length]);
          if (kind === 'expire') leases.expire((now += pick % 20));
          const live = open
            .filter(({ expired }) => !expired)
            .flatMap(({ range }) => Array.from({ length: range.count }, (_, i) => range.first + i));
          expect(new Set(live).size).toBe(live.length);
        }
        for (let turn = 0; sum.total === undefined; turn++) {
          expect(turn).toBeLessThan(4 * M + 4);
          assign();
          const first = leases.open.at(0);
          if (first) deliver(first.id, Infinity);
          else leases.drop('a');
        }
        expect(sum.total).toEqual(Array.from({ length: M }, (_, i) => i));
      }),
      { numRuns: 300 },
    );
  });
});

describe('leaves whose value turned out to be none', () => {
  it('are free again unless somebody was asked for them', () => {
    let id = 1;
    const leases = new StepLeases({ leaves: 4, nextId: () => id++ });
    const { id: first } = leases.grant({ worker: 'a', range: { first: 0, count: 2 } }, 0, 100);
    leases.cover({ start: 0, size: 2 });
    expect(leases.settle().map((lease) => lease.id)).toEqual([first]);
    leases.grant({ worker: 'b', range: { first: 1, count: 1 } }, 0, 100);
    leases.uncover({ start: 0, size: 2 });
    expect(leases.freeLeaves()).toEqual([0, 2, 3]);
  });
});
