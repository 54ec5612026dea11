/** Workers that are limited have no more leaves of a step together than its limit, whatever becomes of their leases. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignFreeLeaves } from './assign.ts';
import { StepLeases } from './leases.ts';

const LEAVES = 16;
const LIMITED = ['a', 'b', 'c'];
const OTHERS = ['x', 'y'];

const event = fc.record({
  kind: fc.constantFrom('assign', 'assign', 'result', 'result', 'drop', 'drop lease', 'time', 'share'),
  pick: fc.nat(1000),
  speeds: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 5, maxLength: 5 }),
  onTrial: fc.boolean(),
});

function leavesOf({ first, count }: { first: number; count: number }): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** Leases with the leaves that those who are limited brought. */
class Step {
  readonly leases: StepLeases;
  readonly brought = new Set<number>();
  readonly #covered = new Set<number>();
  now = 0;
  /** Assignments after which the limit was reached while leaves were free. */
  reached = 0;

  constructor(limit: number) {
    let last = 0;
    this.leases = new StepLeases({ leaves: LEAVES, limit, nextId: () => ++last });
  }

  /** Leaves that those who are limited have. */
  get had(): number {
    const leased = this.leases.open.filter(({ isLimited }) => isLimited).flatMap(({ range }) => leavesOf(range));
    return new Set([...leased, ...this.brought]).size;
  }

  assign(speeds: readonly number[], onTrial: boolean): void {
    const idle = [...LIMITED, ...OTHERS]
      .map((name, i) => ({ name, speed: speeds[i], onTrial, isLimited: LIMITED.includes(name) }))
      .filter(({ name }) => !this.leases.isBusy(name));
    for (const assignment of assignFreeLeaves(this.leases, idle)) {
      expect(assignment.isLimited ?? false).toBe(LIMITED.includes(assignment.worker));
      this.leases.grant(assignment, this.now, 10);
    }
    for (const { name, isLimited } of idle) {
      if (this.leases.isBusy(name)) continue;
      // Nobody is left without work who may have some.
      if (!isLimited || this.leases.limitedLeft > 0) expect(this.leases.freeRanges(name)).toEqual([]);
      else this.reached += 1;
    }
  }

  /** The worker of a lease brings all of it, or what of it has no value yet. */
  bring({ range, isLimited }: { range: { first: number; count: number }; isLimited: boolean }): void {
    for (const leaf of leavesOf(range)) {
      if (isLimited && !this.#covered.has(leaf)) this.brought.add(leaf);
      this.#covered.add(leaf);
      this.leases.cover({ start: leaf, size: 1 });
    }
    this.leases.settle();
  }
}

describe('a step with limited workers', () => {
  it('never gives them more than its limit, and everything else to the others', () => {
    let reached = 0;
    fc.assert(
      fc.property(fc.nat(LEAVES), fc.array(event, { minLength: 10, maxLength: 60 }), (limit, events) => {
        const step = new Step(limit);
        const { leases } = step;
        for (const { kind, pick, speeds, onTrial } of events) {
          const some = leases.open.at(pick % Math.max(1, leases.size));
          if (kind === 'assign') step.assign(speeds, onTrial);
          if (some && kind === 'result') step.bring(some);
          if (kind === 'drop') leases.drop([...LIMITED, ...OTHERS][pick % 5]);
          if (some && kind === 'drop lease') leases.dropLease(some.id);
          if (some && kind === 'share') leases.share(some.id);
          if (kind === 'time') leases.expire((step.now += pick % 15));
          expect(step.had).toBeLessThanOrEqual(limit);
        }
        reached += step.reached;
      }),
      { numRuns: 300 },
    );
    // Walks that never came to their limit would prove little.
    expect(reached).toBeGreaterThan(100);
  });

  it('has the leaves back of one that goes without a result', () => {
    const step = new Step(2);
    step.assign([1, 1, 1, 1, 1], false);
    expect([step.had, step.leases.limitedLeft]).toEqual([2, 0]);
    for (const worker of LIMITED) step.leases.drop(worker);
    expect([step.had, step.leases.limitedLeft]).toEqual([0, 2]);
  });
});
