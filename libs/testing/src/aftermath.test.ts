import { describe, expect, it } from 'vitest';
import { aftermath, median } from './aftermath.ts';
import { COORDINATOR } from './fault.ts';
import type { Moment } from './moments.ts';

function leased(at: number, worker: string, step: number, [first, count]: [number, number]): Moment {
  return { kind: 'leased', at, worker, step, first, count };
}

function result(at: number, worker: string, step: number, [first, count]: [number, number]): Moment {
  return { kind: 'result', at, worker, step, first, count };
}

function average(at: number, worker: string, step: number): Moment {
  return { kind: 'average', at, worker, step };
}

/** Step 4 closes at 10; in step 5 a and b hold four leaves each; b's first two are answered at 20. */
const before: Moment[] = [
  average(10, 'a', 4),
  leased(10, 'a', 5, [0, 4]),
  leased(10, 'b', 5, [4, 4]),
  result(20, 'b', 5, [4, 2]),
];

describe('the aftermath of a fault', () => {
  it('tells when others got what the worker held, and when a step was closed', () => {
    const moments = [
      ...before,
      average(31, 'b', 4),
      leased(40, 'b', 6, [0, 8]),
      leased(41, 'b', 5, [7, 1]),
      leased(42, 'a', 5, [4, 2]),
      leased(43, 'a', 5, [6, 1]),
      average(50, 'a', 5),
    ];
    expect(aftermath(moments, { at: 30, party: 'b' })).toEqual({ detectionMs: 13, recoveryMs: 20 });
  });

  it('tells of no detection where nothing was lost, and of no recovery where none was', () => {
    expect(aftermath([...before, average(50, 'a', 5)], { at: 30, party: 'b' })).toEqual({
      detectionMs: null,
      recoveryMs: 20,
    });
    expect(aftermath(before, { at: 30, party: 'c' })).toEqual({ detectionMs: null, recoveryMs: null });
  });

  it('of the coordinator lasts until it closes a step after a worker joined it again, an old one perhaps', () => {
    const joined: Moment = { kind: 'joined', at: 60, worker: 'a' };
    const moments = [...before, average(31, 'b', 4), joined, average(90, 'a', 3)];
    expect(aftermath(moments, { at: 30, party: COORDINATOR })).toEqual({ detectionMs: null, recoveryMs: 60 });
    expect(aftermath(before, { at: 30, party: COORDINATOR }).recoveryMs).toBe(null);
  });
});

it('a median is the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 3, NaN]);
});
