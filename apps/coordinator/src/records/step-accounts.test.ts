import fc from 'fast-check';
import { PHASES } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import type { LeaseRecord, SubtreeRecord } from '../events.ts';
import { StepTimes } from '../leasing/step-times.ts';
import { StageTimer } from './records.ts';
import { StepAccounts } from './step-accounts.ts';
import type { StepAccount } from './step-accounts.ts';

/** What a worker does with its lease: milliseconds from the opening of the step. */
interface Played {
  readonly worker: string;
  readonly granted?: number;
  /** Undefined if nothing comes of it. */
  readonly answered: number | undefined;
  readonly computeMs?: number;
  readonly leaves?: number;
  /** How long its result is added. */
  readonly addMs?: number;
}

interface Round {
  readonly leases: readonly Played[];
  /** When all leaves had come, from the opening. */
  readonly gathered: number;
  /** How long before the coordinator waits for results, if the step is not opened ahead. */
  readonly leaseMs?: number;
  readonly reduceMs?: number;
  /** Until the next step is opened; and on until the broadcast is under way. */
  readonly broadcastMs?: number;
  readonly headStartMs?: number;
  readonly optimizerMs?: number;
  readonly opensNext?: boolean;
  /** Records, and a pause, before the next round. */
  readonly recordsMs?: number;
  readonly pausedMs?: number;
  readonly idle?: readonly [from: number, to: number];
  readonly stoodMs?: number;
}

/** A step that takes no time. */
const FIRST: Round = { leases: [], gathered: 0, opensNext: true };

/** Plays rounds on a clock by hand. */
function play(rounds: readonly Round[]) {
  let now = 1000;
  const accounts = new StepAccounts();
  let times: StepTimes | undefined;
  let pausedMs = 0;
  const closed: StepAccount[] = [];
  for (const round of rounds) {
    const timer = new StageTimer(() => now);
    if (!times) {
      times = new StepTimes();
      times.opened(now);
    }
    const { openedAt } = times;
    now = Math.max(now, openedAt) + (round.leaseMs ?? 0);
    timer.mark('lease');
    playLeases(times, round);
    times.stood(round.stoodMs ?? 0);
    now = Math.max(now, openedAt + round.gathered);
    timer.mark('gather');
    now += round.reduceMs ?? 0;
    timer.mark('reduce');
    now += round.broadcastMs ?? 0;
    let next: StepTimes | undefined;
    if (round.opensNext) {
      next = new StepTimes();
      next.opened(now);
    }
    now += round.headStartMs ?? 0;
    timer.mark('broadcast');
    now += round.optimizerMs ?? 0;
    timer.mark('optimizer');
    const step = { times, history: historyOf(round) };
    closed.push(accounts.close({ step, leases: recordsOf(openedAt, round), timer, next: next && { times: next } }));
    now += round.recordsMs ?? 0;
    if (!next && round.pausedMs !== undefined) {
      now += round.pausedMs;
      // Behind the last step nothing is counted.
      if (round !== rounds.at(-1)) pausedMs += round.pausedMs;
      accounts.paused(round.pausedMs);
    }
    times = next;
  }
  return { closed, pausedMs };
}

function playLeases(times: StepTimes, { leases, idle }: Round): void {
  const { openedAt } = times;
  const answer = ({ answered, computeMs = 0, addMs = 0 }: Played, lease: number) => {
    times.answered(lease, openedAt + answered!, computeMs);
    times.added(addMs);
  };
  const answers = leases.flatMap((played, lease) =>
    played.answered === undefined ? [] : [{ at: played.answered, does: () => answer(played, lease) }],
  );
  const rests = (idle ?? []).map((at, i) => ({ at, does: () => times.hasLeases(i === 1, openedAt + at) }));
  for (const { does } of [...rests, ...answers].sort((a, b) => a.at - b.at)) does();
}

function recordsOf(openedAt: number, { leases }: Round): LeaseRecord[] {
  return leases.map(({ worker, granted = 0, answered, leaves = 1 }, lease) => ({
    lease,
    worker,
    first: 0,
    count: leaves,
    audit: false,
    grantedAt: openedAt + granted,
    answeredAt: answered === undefined ? undefined : openedAt + answered,
    end: answered === undefined ? 'superseded' : 'accepted',
  }));
}

function historyOf({ leases }: Round): SubtreeRecord[] {
  return leases.map(({ worker, leaves = 1, answered }) => ({
    start: 0,
    size: leaves,
    worker,
    outcome: answered === undefined ? 'late' : 'accepted',
    ms: 0,
    role: 'worker',
  }));
}

/** Of a step that is not the first of its start. */
function phasesOf(round: Round) {
  const { phases } = play([FIRST, round]).closed[1];
  return Object.fromEntries(Object.entries(phases).filter(([, ms]) => ms !== 0));
}

describe('the account of a step', () => {
  it('is compute, network and adding of its one worker, and what the coordinator does with the sum', () => {
    const leases = [{ worker: 'a', answered: 100, computeMs: 80, addMs: 3 }];
    const round = { leases, gathered: 103, reduceMs: 2, broadcastMs: 4, headStartMs: 6, optimizerMs: 5 };
    expect(phasesOf(round)).toEqual({ compute: 80, network: 20, adding: 3, reduce: 2, broadcast: 10, optimizer: 5 });
  });

  it('waits for the last behind the middle one of the others', () => {
    const fast = (worker: string, answered: number) => ({ worker, answered, computeMs: answered - 10, addMs: 1 });
    const leases = [
      fast('a', 90),
      fast('b', 100),
      fast('c', 96),
      { worker: 'slow', answered: 300, computeMs: 290, addMs: 1 },
    ];
    // Until c: its compute, adding of a; behind it b and the last are added.
    expect(phasesOf({ leases, gathered: 301 })).toEqual({ compute: 86, adding: 4, network: 9, straggler: 202 });
  });

  it('waits for the last also where another brought its leaves', () => {
    const leases = [
      { worker: 'a', answered: 100, computeMs: 90 },
      { worker: 'slow', answered: undefined },
      { worker: 'a', granted: 150, answered: 250, computeMs: 95 },
    ];
    expect(phasesOf({ leases, gathered: 250 })).toEqual({ compute: 90, network: 10, straggler: 150 });
  });

  it('is a wait for who was lost, before somebody else was asked', () => {
    const leases = [
      { worker: 'lost', answered: undefined },
      { worker: 'a', granted: 400, answered: 500, computeMs: 100 },
    ];
    expect(phasesOf({ leases, gathered: 500 })).toEqual({ compute: 100, straggler: 400 });
  });

  it('is idle while no lease is out', () => {
    const leases = [{ worker: 'a', granted: 400, answered: 500, computeMs: 60 }];
    expect(phasesOf({ leases, gathered: 500, idle: [0, 400] })).toEqual({ idle: 400, compute: 60, network: 40 });
  });

  it('begins with the first lease of a start', () => {
    const leases = [{ worker: 'a', granted: 400, answered: 500, computeMs: 60 }];
    const [first] = play([{ leases, gathered: 510, idle: [0, 400] }]).closed;
    expect(first).toMatchObject({ totalMs: 110, phases: { idle: 0, compute: 60, network: 50 } });
    expect(first.workers).toEqual([{ worker: 'a', leaves: 1, compute: 60, network: 40, overdue: 0 }]);
  });

  it('believes no worker more than its lease lasted, and none that computed less than nothing', () => {
    for (const [told, compute] of [
      [1e15, 100],
      [-1e15, 0],
    ]) {
      const [{ phases, workers }] = play([
        { leases: [{ worker: 'a', answered: 100, computeMs: told }], gathered: 100 },
      ]).closed;
      expect([phases.compute, phases.network]).toEqual([compute, 100 - compute]);
      expect(workers).toEqual([{ worker: 'a', leaves: 1, compute, network: 100 - compute, overdue: 0 }]);
    }
  });

  it('has what the coordinator does after the next opening only as far as no computing hides it', () => {
    const first = { leases: [], gathered: 0, opensNext: true, headStartMs: 10, optimizerMs: 20, recordsMs: 30 };
    const hidden = { leases: [{ worker: 'a', answered: 200, computeMs: 200 }], gathered: 200 };
    const shown = { leases: [{ worker: 'a', answered: 200, computeMs: 130 }], gathered: 200 };
    const nothing = Object.fromEntries(PHASES.map((name) => [name, 0]));
    expect(play([first, hidden]).closed[1].phases).toEqual({ ...nothing, compute: 200 });
    expect(play([first, shown]).closed[1].phases).toEqual({
      ...nothing,
      compute: 130,
      optimizer: 20,
      other: 30,
      network: 20,
    });
  });

  it('has what lies between two steps in the second, without pauses', () => {
    const first = { leases: [], gathered: 100, optimizerMs: 7, recordsMs: 30, pausedMs: 5000 };
    const second = { leases: [{ worker: 'a', answered: 50, computeMs: 40 }], gathered: 50, leaseMs: 4 };
    const { closed } = play([first, second]);
    expect(closed.map(({ totalMs }) => totalMs)).toEqual([107, 80]);
    expect(closed[1].phases).toMatchObject({ other: 34, compute: 40, network: 6 });
  });

  it('does not take it for network that this process stood still', () => {
    const leases = [{ worker: 'a', granted: 300, answered: 500, computeMs: 150 }];
    expect(phasesOf({ leases, gathered: 500, stoodMs: 300 })).toEqual({ compute: 150, other: 300, network: 50 });
  });

  it('tells of each worker what it had', () => {
    const leases = [
      { worker: 'a', answered: 100, computeMs: 90, leaves: 2 },
      { worker: 'a', granted: 110, answered: 130, computeMs: 20 },
      { worker: 'slow', answered: undefined },
    ];
    const [{ workers, totalMs }] = play([{ leases, gathered: 130, optimizerMs: 10 }]).closed;
    expect(totalMs).toBe(140);
    expect(workers).toEqual([
      { worker: 'a', leaves: 3, compute: 110, network: 10, overdue: 0 },
      { worker: 'slow', leaves: 0, compute: 0, network: 0, overdue: 130 },
    ]);
  });
});

const ms = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e4, noNaN: true }));
/** What a worker says of itself may be anything. */
const told = fc.oneof(ms, fc.double({ noNaN: true, noDefaultInfinity: true }));
const lease = fc.record({
  worker: fc.constantFrom('a', 'b', 'c'),
  granted: ms,
  lasts: fc.option(ms, { nil: undefined }),
  computeMs: told,
  leaves: fc.nat(8),
  addMs: ms,
});
const rounds = fc.array(
  fc
    .record({
      leases: fc.array(lease, { maxLength: 6 }),
      waits: ms,
      leaseMs: ms,
      reduceMs: ms,
      broadcastMs: ms,
      headStartMs: ms,
      optimizerMs: ms,
      opensNext: fc.boolean(),
      recordsMs: ms,
      pausedMs: fc.option(ms, { nil: undefined }),
      idle: fc.option(fc.tuple(ms, ms), { nil: undefined }),
      stoodMs: ms,
    })
    .map(({ leases, waits, idle, ...rest }): Round => {
      const played = leases.map(({ granted, lasts, ...each }) => ({
        ...each,
        granted,
        answered: lasts === undefined ? undefined : granted + lasts,
      }));
      const gathered = Math.max(waits, ...played.map(({ answered = 0 }) => answered));
      return { leases: played, gathered, ...rest, ...(idle && { idle: [Math.min(...idle), Math.max(...idle)] }) };
    }),
  { minLength: 1, maxLength: 12 },
);

describe('accounts', () => {
  it('tile the time of a run, in total and for each worker, whatever happens in it', () => {
    fc.assert(
      fc.property(rounds, (some) => {
        const all = [FIRST, ...some];
        const { closed, pausedMs } = play(all);
        for (const { totalMs, phases, workers } of closed) {
          const values = PHASES.map((name) => phases[name]);
          expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
          expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(totalMs, 6);
          for (const { compute, network, overdue } of workers) {
            expect(Math.min(compute, network, overdue)).toBeGreaterThanOrEqual(0);
            expect(compute + network + overdue).toBeLessThanOrEqual(totalMs + 1e-6);
          }
        }
        const sum = closed.reduce((before, { totalMs }) => before + totalMs, 0);
        expect(sum).toBeCloseTo(lengthOf(all) - pausedMs, 4);
      }),
      { numRuns: 500 },
    );
  });
});

/** From the first opening to the end of the last account, by the clock alone. */
function lengthOf(all: readonly Round[]): number {
  let [now, opened, end] = [0, 0, 0];
  let isOpen = false;
  for (const round of all) {
    if (!isOpen) opened = now;
    now = Math.max(now + (round.leaseMs ?? 0), opened + round.gathered);
    now += (round.reduceMs ?? 0) + (round.broadcastMs ?? 0);
    isOpen = round.opensNext ?? false;
    if (isOpen) opened = end = now;
    now += (round.headStartMs ?? 0) + (round.optimizerMs ?? 0);
    if (!isOpen) end = now;
    now += round.recordsMs ?? 0;
    if (!isOpen) now += round.pausedMs ?? 0;
  }
  return end;
}
