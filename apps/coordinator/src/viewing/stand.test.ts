import { NO_TIME } from '@gradcast/config';
import type { Lease } from '@gradcast/schedule';
import { describe, expect, it } from 'vitest';
import type { SubtreeRecord, WorkerView } from '../events.ts';
import { closedStep, RecentSteps } from './recent-steps.ts';
import { standOf } from './stand.ts';
import type { StandFacts } from './stand.ts';

const view = (name: string, changes: Partial<WorkerView> = {}): WorkerView => {
  const here = { role: 'worker', backend: 'wasm', device: 'cpu', address: '10.0.0.1', metricsPort: null } as const;
  return { name, ...here, isLocal: false, state: 'leased', quarantine: null, ...changes };
};
const result = (worker: string, size: number, changes: Partial<SubtreeRecord> = {}): SubtreeRecord => {
  return { worker, start: 0, size, outcome: 'accepted', ms: 500, role: 'worker', ...changes };
};
const facts = (changes: Partial<StandFacts> = {}): StandFacts => ({
  time: 5,
  state: { name: 'running', pausing: false },
  version: 10,
  totalSteps: 20,
  batch: 128,
  imagesPerSecond: 64,
  workers: [],
  paces: new Map(),
  phases: undefined,
  leaves: 4,
  codec: 'f32',
  open: undefined,
  ...changes,
});
const lease = (worker: string, first: number, changes: Partial<Lease> = {}) =>
  ({
    worker,
    range: { first, count: 2 },
    audit: false,
    dropped: false,
    expired: false,
    shared: false,
    ...changes,
  }) as Lease;

describe('how a run stands', () => {
  it('says how long it goes on while it goes on', () => {
    expect(standOf(facts())).toMatchObject({ step: 10, steps: 20, imagesPerSecond: 64, etaSeconds: 20 });
    expect(standOf(facts({ state: { name: 'paused', pausing: false } })).etaSeconds).toBeNull();
    expect(standOf(facts({ imagesPerSecond: 0 })).etaSeconds).toBeNull();
  });

  it('has workers in an order that stays, volunteers last, and no address of any', () => {
    const workers = [view('w10'), view('v', { role: 'volunteer' }), view('w2', { quarantine: 'late' })];
    const paces = new Map([['w10', { share: 0.25, imagesPerSecond: 50.04 }]]);
    const { workers: rows } = standOf(facts({ workers, paces }));
    expect(rows.map(({ name, share, imagesPerSecond, why }) => [name, share, imagesPerSecond, why])).toEqual([
      ['w2', null, null, 'late'],
      ['w10', 0.25, 50, null],
      ['v', null, null, null],
    ]);
    expect(JSON.stringify(rows)).not.toContain('10.0.0.1');
  });

  it('says what holds it back, of those who are there, and where the time went', () => {
    const phases = { ...NO_TIME, compute: 600, straggler: 399.9, adding: 0.1 };
    const paces = new Map([
      ['gone', { share: 0.1, imagesPerSecond: 1 }],
      ['quick', { share: 0.6, imagesPerSecond: 90 }],
      ['slow', { share: 0.3, imagesPerSecond: 30 }],
    ]);
    const told = standOf(facts({ workers: [view('quick'), view('slow')], paces, phases })).phases!;
    expect(told.sentence).toMatch(
      /^40 % of the time all wait for the last worker, mostly slow, which takes 3\.0 times/,
    );
    expect(told.shares).toEqual([
      ['compute', 'computing', 0.6],
      ['straggler', 'waiting for the last worker', 0.4],
    ]);
    const waiting = [
      view('quick'),
      view('slow'),
      view('third', { state: 'idle' }),
      view('fourth', { state: 'joining' }),
    ];
    const few = standOf(facts({ workers: waiting, paces, phases: { ...NO_TIME, compute: 1 }, leaves: 3 })).phases!;
    expect(few.sentence).toContain('a step has only 3 micro-batches for 3 workers');
    expect(standOf(facts()).phases).toBeNull();
  });

  it('has a bounded number of them, the busiest', () => {
    const workers = Array.from({ length: 100 }, (_, i) => view(`w${i}`));
    const paces = new Map([['w99', { share: 1, imagesPerSecond: 1 }]]);
    const stand = standOf(facts({ workers, paces }));
    expect([stand.workers.length, stand.more, stand.workers.at(-1)?.name]).toEqual([64, 36, 'w99']);
  });

  it('says of each lease of the open step what became of it', () => {
    const granted = [
      lease('a', 0),
      lease('b', 2, { shared: true }),
      lease('c', 2, { expired: true, shared: true }),
      lease('d', 2, { dropped: true }),
      lease('e', 2),
    ];
    const { open } = standOf(facts({ open: { version: 10, leases: { covered: [true, true, true, false], granted } } }));
    expect(open).toMatchObject({ step: 11, leaves: 4, covered: [true, true, true, false] });
    expect(open!.leases.map(({ worker, state }) => `${worker} ${state}`)).toEqual([
      'a done',
      'b shared',
      'c expired',
      'd dropped',
      'e open',
    ]);
  });
});

describe('the last steps', () => {
  it('say who computed how much of what was used', () => {
    const history = [result('a', 2), result('b', 1), result('a', 1), result('c', 4, { outcome: 'refuted' })];
    expect(closedStep({ step: 1, time: 2, history, phases: NO_TIME })).toEqual({
      step: 1,
      time: 2,
      by: [
        ['a', 3],
        ['b', 1],
      ],
    });
    const steps = new RecentSteps();
    steps.add({ step: 1, time: 2, history, phases: NO_TIME });
    expect(steps.paces(32)).toEqual(
      new Map([
        ['a', { share: 0.75, imagesPerSecond: 96 }],
        ['b', { share: 0.25, imagesPerSecond: 64 }],
      ]),
    );
  });

  it('say where the time of the last of them went', () => {
    const steps = new RecentSteps();
    expect(steps.phases).toBeUndefined();
    for (let step = 1; step <= 200; step++) {
      steps.add({ step, time: step, history: [], phases: { ...NO_TIME, compute: step <= 100 ? 1000 : 1 } });
    }
    expect(steps.phases).toEqual({ ...NO_TIME, compute: 64 });
  });

  it('are a bounded number, of a bounded number of results', () => {
    const steps = new RecentSteps();
    for (let step = 1; step <= 2000; step++)
      steps.add({ step, time: step, history: [result('a', 4)], phases: NO_TIME });
    expect([steps.closed.length, steps.closed.at(-1)?.step]).toEqual([512, 2000]);
    const history = Array.from({ length: 10_000 }, () => result('a', 1));
    for (let step = 2001; step <= 2003; step++) steps.add({ step, time: step, history, phases: NO_TIME });
    expect(steps.closed.map(({ step }) => step)).toEqual([2003]);
  });
});
