import { createCodec } from '@gradcast/reduction';
import { bytesOf } from '@gradcast/tensors';
import { referenceKernels as kernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import type { Party } from '../audit/audit.ts';
import { LOCAL } from '../network/credentials.ts';
import { DirectReducer } from './reducer.ts';
import type { Reduced } from './reducer.ts';
import { OpenStep } from './open-step.ts';
import type { OpenStepOptions } from './open-step.ts';

const layout = {
  parameters: { entries: [], length: 3 },
  groups: [{ name: 'all', from: 0, to: 3 }],
  tail: { entries: [], length: 1 },
};
const codec = createCodec('f32', { layout, seed: 1, kernels });
const credentialOf = (name: string) => ({ kind: 'own', name, role: 'worker' }) as const;
const good = () => Float32Array.of(1, 2, 3, 4);
const wrong = () => Float32Array.of(NaN, 2, 3, 4);

function harness(change: Partial<OpenStepOptions> = {}) {
  let id = 1;
  const step = new OpenStep({
    version: 0,
    leaves: 4,
    volunteerLeaves: 2,
    trust: { held: () => undefined, used: () => undefined },
    nextLeaseId: () => id++,
    codec,
    reducer: new DirectReducer(codec),
    now: () => 50,
    limits: () => ({ norm: 100, compare: false, isTailSound: () => true }),
    isAudited: () => false,
    hasArbiter: true,
    isNear: () => false,
    isExact: false,
    onRuling: () => undefined,
    ...change,
  });
  /** Grants leaves to a worker and accepts its result for them. */
  const gives = (
    worker: string,
    start: number,
    size: number,
    vector: Float32Array,
    credential: Party['credential'] = credentialOf(worker),
  ) => {
    const party = { worker, identity: worker, credential, profile: 'p', isArbiter: false, backend: 'wasm', threads: 1 };
    const lease = step.leases.grant({ worker, range: { first: start, count: size } }, 10, 1000);
    return step.accept(lease, { start, size }, bytesOf(vector), { party, now: 50, computeMs: 30 });
  };
  return { step, gives };
}

describe('an open step', () => {
  it('closes once, with the sum of all leaves', async () => {
    const { step, gives } = harness();
    expect(gives('a', 2, 2, good())).toBe('accepted');
    expect(step.isClosed).toBe(false);
    expect(gives('a', 0, 2, good())).toBe('accepted');
    step.stop();
    expect(await step.closed).toEqual({ kind: 'sum', sum: bytesOf(Float32Array.of(2, 4, 6, 8)) });
    expect(gives('b', 0, 2, good())).toBe('late');
  });

  it('waits for a sum that is made elsewhere, and takes nothing more meanwhile', async () => {
    let finish: (reduced: Reduced) => void = () => undefined;
    const total = () => new Promise<Reduced | undefined>((resolve) => (finish = resolve));
    let clock = 50;
    const reducer = { open: () => ({ add: () => undefined, total }) };
    const { step, gives } = harness({ reducer, now: () => clock });
    expect(gives('a', 0, 4, good())).toBe('accepted');
    expect(step.isClosed).toBe(true);
    expect(gives('b', 0, 4, good())).toBe('late');
    step.stop();
    clock = 57;
    finish({ sum: Uint8Array.of(1), elsewhereMs: 20 });
    expect(await step.closed).toEqual({ kind: 'sum', sum: Uint8Array.of(1) });
    expect([step.times.addedMs, step.times.addingMs]).toEqual([7, 20]);
  });

  it('is stopped where its sum was lost', async () => {
    const reducer = { open: () => ({ add: () => undefined, total: () => Promise.resolve(undefined) }) };
    const { step, gives } = harness({ reducer });
    gives('a', 0, 4, good());
    expect(await step.closed).toEqual({ kind: 'stopped' });
  });

  it('that was stopped takes nothing more', async () => {
    const { step, gives } = harness();
    step.stop();
    expect(await step.closed).toEqual({ kind: 'stopped' });
    expect(gives('a', 0, 4, good())).toBe('late');
  });

  it('takes a value that covers more than is there', async () => {
    const { step, gives } = harness();
    gives('a', 0, 1, good());
    gives('a', 0, 4, Float32Array.of(9, 9, 9, 9));
    expect(await step.closed).toEqual({ kind: 'sum', sum: bytesOf(Float32Array.of(9, 9, 9, 9)) });
  });

  it('remembers every result and how long it took', () => {
    const { step, gives } = harness();
    gives('a', 0, 2, good());
    gives('b', 0, 2, good());
    gives('c', 2, 2, wrong());
    expect(step.history).toEqual([
      { start: 0, size: 2, worker: 'a', outcome: 'accepted', ms: 40, role: 'worker' },
      { start: 0, size: 2, worker: 'b', outcome: 'late', ms: 40, role: 'worker' },
      { start: 2, size: 2, worker: 'c', outcome: 'suspect', ms: 40, role: 'worker' },
    ]);
  });
});

describe('what became of leases', () => {
  const ends = (step: OpenStep) =>
    step.leaseRecords.map(({ worker, first, count, answeredAt, end }) => [worker, first, count, answeredAt, end]);

  it('is how they were answered, or why they were not', () => {
    const { step, gives } = harness();
    const grant = (worker: string, first: number, count: number) =>
      step.leases.grant({ worker, range: { first, count } }, 10, 20);
    grant('slow', 0, 2);
    grant('gone', 2, 2);
    grant('shared', 2, 1);
    step.leases.drop('gone');
    gives('x', 2, 2, wrong());
    step.leases.expire(30);
    gives('a', 0, 2, good());
    grant('idle', 3, 1);
    gives('b', 2, 2, good());
    step.leases.settle();
    expect(step.isClosed).toBe(true);
    expect(ends(step)).toEqual([
      ['slow', 0, 2, undefined, 'expired'],
      ['gone', 2, 2, undefined, 'dropped'],
      ['shared', 2, 1, undefined, 'expired'],
      ['x', 2, 2, 50, 'suspect'],
      ['a', 0, 2, 50, 'accepted'],
      ['idle', 3, 1, undefined, 'superseded'],
      ['b', 2, 2, 50, 'accepted'],
    ]);
  });

  it('leaves out what was taken back before the step began', () => {
    const { step } = harness();
    step.leases.grant({ worker: 'a', range: { first: 0, count: 2 } }, 10, 20);
    step.leases.grant({ worker: 'b', range: { first: 2, count: 2 } }, 10, 20);
    step.leases.drop('a');
    step.leases.restart(40);
    expect(step.leaseRecords).toMatchObject([{ worker: 'b', grantedAt: 40 }]);
  });
});

describe('a result that looks wrong', () => {
  it.each([
    ['not finite', () => Float32Array.of(1, Infinity, 3, 4), 'suspect'],
    ['not finite in its tail', () => Float32Array.of(1, 2, 3, NaN), 'suspect'],
    ['above the norm limit', () => Float32Array.of(100, 1, 0, 0), 'suspect'],
    ['at the norm limit', () => Float32Array.of(100, 0, 0, 0), 'accepted'],
    ['large in its tail only', () => Float32Array.of(1, 2, 3, 1e6), 'accepted'],
  ])('because it is %s', (_, vector, verdict) => {
    expect(harness().gives('a', 0, 4, vector())).toBe(verdict);
  });

  it('leaves its leaves free for others', () => {
    const { step, gives } = harness();
    gives('a', 0, 2, wrong());
    expect([step.isSuspect('a'), step.leases.freeRanges()]).toEqual([true, [{ first: 0, count: 4 }]]);
  });

  it('is refuted by whatever else covers its leaves, and that is told once', () => {
    const { step, gives } = harness();
    gives('a', 0, 2, wrong());
    gives('b', 0, 1, good());
    expect(step.refuted()).toEqual([]);
    gives('c', 1, 1, good());
    expect([step.refuted(), step.refuted()]).toMatchObject([[{ worker: 'a' }], []]);
    expect(step.isSuspect('a')).toBe(false);
  });

  it('waits while others can be asked', () => {
    const { step, gives } = harness();
    gives('a', 0, 4, wrong(), LOCAL);
    step.confirm(true);
    expect(step.isClosed).toBe(false);
    step.confirm(false);
    expect(step.isClosed).toBe(true);
  });

  it('is the arbiter’s to judge if nobody can be asked and its worker is not trusted', () => {
    const { step, gives } = harness();
    gives('a', 0, 4, wrong());
    step.confirm(false);
    expect(step.isClosed).toBe(false);
    expect(step.audits.open).toMatchObject([{ subtree: { start: 0, size: 4 }, referred: true }]);
  });

  it.each(['shared', 'own'] as const)(
    'is the arbiter’s to judge if two agree that hold a secret that is %s',
    (kind) => {
      const { step, gives } = harness();
      const credential = (name: string) => ({ kind, name, role: 'worker' }) as const;
      gives('a', 0, 4, wrong(), credential('a'));
      gives('b', 0, 4, wrong(), credential('b'));
      step.confirm(true);
      expect([step.isClosed, step.audits.open.length]).toEqual([false, 1]);
    },
  );

  it('is not confirmed by two who agree while a third can be asked, and refuted by it', async () => {
    const { step, gives } = harness({ hasArbiter: false });
    gives('a', 0, 4, wrong());
    gives('b', 0, 4, wrong());
    step.confirm(true);
    expect(step.isClosed).toBe(false);
    gives('c', 0, 4, good());
    expect(await step.closed).toEqual({ kind: 'sum', sum: bytesOf(good()) });
    expect(step.refuted()).toMatchObject([{ worker: 'a' }, { worker: 'b' }]);
  });

  it.each([
    [0, 4],
    [0, 2],
    [2, 2],
  ])('is confirmed by a trusted worker’s for the same or overlapping leaves: %i+%i', (start, size) => {
    const { step, gives } = harness();
    gives('a', 0, 4, wrong());
    gives('b', start, size, wrong(), LOCAL);
    step.confirm(true);
    expect([step.isClosed, step.refuted()]).toEqual([true, []]);
  });

  it('blames nobody whom only a confirmed suspect contradicts', () => {
    const { step, gives } = harness();
    gives('a', 0, 4, Float32Array.of(1e9, 2, 3, 4));
    gives('b', 0, 4, wrong(), LOCAL);
    step.confirm(false);
    expect([step.isClosed, step.refuted()]).toEqual([true, []]);
  });

  it('is not confirmed by other bits, by other leaves, or by its own worker', () => {
    const cases = [
      ['b', 0, Float32Array.of(1e9, 2, 3, 4)],
      ['b', 2, wrong()],
      ['a', 0, wrong()],
    ] as const;
    for (const [worker, start, vector] of cases) {
      const { step, gives } = harness();
      gives('a', 0, 2, wrong());
      gives(worker, start, 2, vector);
      step.confirm(true);
      expect(step.leases.freeRanges()).toEqual([{ first: 0, count: 4 }]);
    }
  });
});

describe('a tail that no batch can bring', () => {
  it('holds the result back', () => {
    const limits = () => ({
      norm: 100,
      compare: false,
      isTailSound: (tail: Float32Array, leaves: number) => tail[0] >= 0 && tail[0] <= leaves,
    });
    const { gives } = harness({ limits });
    expect(gives('a', 0, 2, Float32Array.of(1, 2, 3, 2))).toBe('accepted');
    expect(gives('a', 2, 1, Float32Array.of(1, 2, 3, 2))).toBe('suspect');
    expect(gives('b', 3, 1, Float32Array.of(1, 2, 3, -1))).toBe('suspect');
  });
});

describe('the first step of a run', () => {
  const limits = () => ({ norm: 2 ** 62, compare: true, isTailSound: () => true });
  const huge = () => Float32Array.of(1e16, 2, 3, 4);

  it('holds all results until they can be compared', async () => {
    const { step, gives } = harness({ limits });
    expect(gives('a', 0, 2, good())).toBe('held');
    expect(step.leases.freeRanges()).toEqual([{ first: 2, count: 2 }]);
    expect(gives('b', 2, 2, good())).toBe('accepted');
    expect(step.history.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
    expect(await step.closed).toEqual({ kind: 'sum', sum: bytesOf(Float32Array.of(2, 4, 6, 8)) });
  });

  it.each(['first', 'last'])('has a huge result computed again, whether it came %s', async (when) => {
    const { step, gives } = harness({ limits });
    if (when === 'first') gives('a', 0, 2, huge());
    expect(gives('b', 2, 2, good())).toBe(when === 'first' ? 'accepted' : 'held');
    if (when === 'last') expect(gives('a', 0, 2, huge())).toBe('suspect');
    expect([step.isSuspect('a'), step.leases.freeRanges()]).toEqual([true, [{ first: 0, count: 2 }]]);
    expect(gives('b', 0, 2, good())).toBe('accepted');
    expect(step.refuted()).toMatchObject([{ worker: 'a' }]);
    expect(await step.closed).toEqual({ kind: 'sum', sum: bytesOf(Float32Array.of(2, 4, 6, 8)) });
  });

  it('takes a huge result that a trusted worker confirms, and one that covers all', () => {
    const { step, gives } = harness({ limits });
    gives('a', 0, 2, huge());
    gives('b', 2, 2, good());
    expect(gives('c', 0, 2, huge(), LOCAL)).toBe('suspect');
    step.confirm(true);
    expect([step.isClosed, step.refuted()]).toEqual([true, []]);
    const lone = harness({ limits });
    expect(lone.gives('a', 0, 4, huge())).toBe('accepted');
  });
});
