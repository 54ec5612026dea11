import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

function paceOf(times: Record<string, readonly number[]>): Pace {
  const pace = new Pace();
  for (const [worker, [probe, ...measured]] of Object.entries(times)) {
    pace.introduce(worker, probe);
    for (const ms of measured) pace.measured(worker, ms);
  }
  return pace;
}

describe('the time of a leaf', () => {
  it('is what the probe took until leases are measured, then their median', () => {
    expect(paceOf({ a: [40] }).leafMs('a')).toBe(40);
    expect(paceOf({ a: [40, 10, 12, 11, 900] }).leafMs('a')).toBe(12);
  });

  it('follows a worker that becomes slower', () => {
    const times = [10, ...Array.from({ length: 20 }, () => 10), ...Array.from({ length: 8 }, () => 30)];
    expect(paceOf({ a: times }).leafMs('a')).toBe(30);
  });

  it('is the median of all for a worker that is unknown, and a second if nothing is known', () => {
    expect(paceOf({ a: [5, 20, 30, 40] }).leafMs('b')).toBe(30);
    expect(new Pace().leafMs('b')).toBe(1000);
  });

  it('is forgotten with the worker', () => {
    const pace = paceOf({ a: [5, 20, 20], b: [5, 60, 60, 60] });
    pace.forget('a');
    expect(pace.leafMs('a')).toBe(60);
  });

  it('is never zero, so that speeds stay finite', () => {
    const pace = paceOf({ a: [0, 0] });
    expect(pace.speeds(['a'])[0].speed).toBeLessThan(Infinity);
  });
});

describe('speeds', () => {
  it('are equal for workers that are nearly as fast as the fastest', () => {
    const speeds = paceOf({ a: [100], b: [130], c: [140], d: [400] }).speeds(['a', 'b', 'c', 'd']);
    expect(speeds.map(({ name, speed }) => [name, speed])).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 1000 / 140],
      ['d', 2.5],
    ]);
  });

  it('of nobody are none', () => {
    expect(new Pace().speeds([])).toEqual([]);
  });
});

describe('a worker that gets nothing', () => {
  /** Steps of which `b` got nothing, until it is put on trial; its trial begins with the next. */
  function stepsUntilTrial(pace: Pace): number {
    for (let steps = 0; steps < 1000; steps++) {
      const workers = pace.speeds(['a', 'b']);
      const isDue = workers[1].onTrial;
      pace.shared(workers, new Set(isDue ? ['a', 'b'] : ['a']));
      if (isDue) return steps;
    }
    return Infinity;
  }

  it('is put on trial at once, then the later the more often it failed and the slower it is', () => {
    for (const [probe, slower] of [
      [200, 2],
      [1000, 10],
    ]) {
      const pace = paceOf({ a: [100], b: [probe] });
      const waits = Array.from({ length: 6 }, () => {
        const steps = stepsUntilTrial(pace);
        pace.measured('b', probe);
        return steps;
      });
      expect(waits).toEqual([1, 2, 4, 8, 16, 16].map((steps, trial) => (trial === 0 ? 1 : steps * slower)));
    }
  });

  it('is put on trial at once again after it had its share', () => {
    const pace = paceOf({ a: [100], b: [1000, 1000] });
    stepsUntilTrial(pace);
    pace.measured('b', 100);
    pace.shared(pace.speeds(['a', 'b']), new Set(['a', 'b']));
    for (let turn = 0; turn < 3; turn++) pace.measured('b', 1000);
    expect(stepsUntilTrial(pace)).toBe(1);
  });

  it('for want of leaves, though as fast as the others, waits for long', () => {
    expect(stepsUntilTrial(paceOf({ a: [100], b: [110] }))).toBe(16);
  });

  it('is judged by its trial alone', () => {
    const pace = paceOf({ a: [100, 100], b: [210, 210, 210] });
    stepsUntilTrial(pace);
    expect(pace.speeds(['a', 'b'])[1].onTrial).toBe(false);
    pace.measured('b', 100);
    expect(pace.speeds(['a', 'b'])[1].speed).toBe(10);
    pace.measured('b', 300);
    expect(pace.leafMs('b')).toBe(300);
  });

  it('keeps what is known of it if it was passed over only now and then', () => {
    const pace = paceOf({ a: [100], b: [100, 100, 100] });
    pace.shared(pace.speeds(['a', 'b']), new Set(['a']));
    pace.shared(pace.speeds(['a', 'b']), new Set(['a', 'b']));
    pace.measured('b', 900);
    expect(pace.leafMs('b')).toBe(100);
  });
});

describe('the term of a lease', () => {
  it('is twice the median and some slack, doubled with each attempt', () => {
    const pace = paceOf({ a: [100] });
    const terms = [0, 1, 2].map((attempt) => pace.leaseMs('a', { leaves: 4, attempt }));
    expect(terms).toEqual([1050, 2100, 4200]);
  });

  it('stops doubling after ten attempts', () => {
    const pace = paceOf({ a: [100] });
    expect(pace.leaseMs('a', { leaves: 1, attempt: 60 })).toBe(pace.leaseMs('a', { leaves: 1, attempt: 10 }));
  });

  it('never falls below twice the median of all workers and of the worker itself', () => {
    const ms = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(
        fc.array(ms, { minLength: 1, maxLength: 9 }),
        ms,
        fc.integer({ min: 1, max: 8 }),
        (all, own, leaves) => {
          const pace = paceOf({ others: [1, ...all], own: [own] });
          const sorted = [...all].sort((a, b) => a - b);
          const typical = Math.max(own, sorted[sorted.length >> 1]);
          expect(pace.leaseMs('own', { leaves, attempt: 0 })).toBeGreaterThanOrEqual(2 * typical * leaves);
        },
      ),
    );
  });
});

describe('what a worker says of itself', () => {
  it('makes nobody faster than the fleet before it has shown it, and nobody slower than a minute a leaf', () => {
    const pace = paceOf({ a: [100, 100, 100] });
    pace.introduce('boaster', 0.001);
    expect(pace.leafMs('boaster')).toBe(100);
    pace.introduce('liar', 1e15);
    expect(pace.leafMs('liar')).toBe(60_000);
    expect(pace.leaseMs('liar', { leaves: 1, attempt: 0 })).toBeLessThanOrEqual(120_250);
  });

  it('does not lengthen the patience of a step, nor does a missed deadline', () => {
    const pace = paceOf({ a: [100, 100, 100] });
    expect(pace.patienceMs('a', 1)).toBe(950);
    pace.introduce('liar', 1e15);
    pace.late('liar', 1e9);
    pace.outwaited('liar', 1e9);
    expect([pace.patienceMs('liar', 1), pace.patienceMs('a', 1)]).toEqual([950, 950]);
  });
});

describe('the patience of a step', () => {
  it('has no end while nothing is measured', () => {
    expect(paceOf({ a: [100] }).patienceMs('a', 4)).toBe(Infinity);
  });

  it('is twice the fleet’s leases, however few leaves a slow worker has', () => {
    const pace = paceOf({ fast: [10], slow: [100] });
    for (let turn = 0; turn < 15; turn++) {
      pace.measured('fast', 10, 20);
      pace.measured('slow', 100, 2);
    }
    expect([pace.patienceMs('slow', 2), pace.patienceMs('fast', 20)]).toEqual([1150, 1150]);
  });

  it('is not longer for a fast worker with many leaves of a slow fleet', () => {
    const pace = paceOf({ gpu: [10, 10, 10] });
    for (let turn = 0; turn < 15; turn++) pace.measured('cpu', 1000, 1);
    expect(pace.patienceMs('gpu', 100)).toBe(2750);
  });

  it('once used up, makes the worker count as that slow until it is measured', () => {
    const pace = paceOf({ a: [100, 100, 100], b: [100, 100, 100] });
    pace.outwaited('b', 950);
    expect(pace.leafMs('b')).toBe(950);
    pace.outwaited('b', 900);
    expect(pace.leafMs('b')).toBe(900);
    pace.measured('b', 120);
    expect(pace.leafMs('b')).toBe(120);
  });
});
