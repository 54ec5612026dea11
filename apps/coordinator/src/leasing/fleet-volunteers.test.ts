/**
 * Leaves of volunteers: no more than their share, computed again as they have earned it, and whatever they send, the sum has
 * the bits of a run without them, but for lies that nobody was to check: those are named.
 */
import { describe, expect, it } from 'vitest';
import { leafPicks } from '../audit/audit-picks.ts';
import { PROVING_LEAVES, VolunteerTrust } from '../audit/volunteer-trust.ts';
import { FleetHarness, stepSum, sumOf } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';
import type { FleetOptions } from '../run/fleet.ts';
import type { OpenStep } from './open-step.ts';

const ulp = (vector: Float32Array) => void (vector[3] += vector[3] * 2 ** -23);
const huge = (vector: Float32Array) => void (vector[3] = 1e9);
const isArbiter = (worker: string) => worker.startsWith('arbiter-');

/** Answers of a cast, until a step is closed; arbiters come when they are called and are honest. */
class Cast {
  readonly harness: FleetHarness;
  readonly arbiters: FakeWorker[] = [];
  readonly #answered = new Map<FakeWorker, number>();

  constructor(change: Partial<FleetOptions> = {}) {
    this.harness = new FleetHarness({ hasArbiter: true, ...change });
  }

  /** One round: everybody answers what it was asked for. @param alter what a worker does to its vectors. */
  answer(workers: readonly FakeWorker[], alter: (worker: FakeWorker, step: number) => typeof ulp | undefined): void {
    this.arbiters.push(...this.harness.arbitersCome());
    for (const worker of [...workers, ...this.arbiters]) {
      for (let at = this.#answered.get(worker) ?? 0; at < worker.leases.length; at++) {
        this.#answered.set(worker, at + 1);
        const lease = worker.leases[at];
        worker.answer(lease, alter(worker, lease.version));
      }
    }
  }

  /** Computes the open step to its end. */
  step(
    workers: readonly FakeWorker[],
    alter: (worker: FakeWorker, step: number) => typeof ulp | undefined = () => undefined,
  ): OpenStep {
    const { harness } = this;
    const step = harness.fleet.open(harness.version);
    for (let turn = 0; !step.isClosed; turn++) {
      expect(turn, 'the step does not close').toBeLessThan(20);
      this.answer(workers, alter);
    }
    harness.next();
    for (const worker of [...workers, ...this.arbiters]) worker.applied(harness.version);
    return step;
  }
}

const leavesAsked = (worker: FakeWorker) => worker.leases.reduce((sum, { count }) => sum + count, 0);
const outcomes = (step: OpenStep) =>
  step.history.map(({ worker, outcome }) => `${isArbiter(worker) ? 'arbiter' : worker} ${outcome}`);

describe('the share of volunteers', () => {
  it.each([
    [0, 0],
    [0.1, 0],
    [0.2, 1],
    [0.5, 4],
    [0.875, 7],
    [1, 8],
  ])('of %d is %i of eight leaves at most, results that came included', async (volunteerShare, most) => {
    const cast = new Cast({ volunteerShare });
    const [worker] = cast.harness.joinLocally('worker');
    const volunteers = cast.harness.joinVolunteers('u', 'v', 'w');
    const step = cast.harness.fleet.open(0);
    // The worker is slow; volunteers that answered have nothing else to do.
    for (let turn = 0; turn < 4; turn++) cast.answer(volunteers, () => undefined);
    const had = volunteers.map(leavesAsked).reduce((a, b) => a + b);
    expect(had).toBeLessThanOrEqual(most);
    expect(had).toBeGreaterThanOrEqual(Math.min(most, 6));
    while (!step.isClosed) cast.answer([worker, ...volunteers], () => undefined);
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('does not bound those whose word counts', () => {
    const harness = new FleetHarness({ volunteerShare: 0 });
    const [a, v] = [...harness.joinLocally('a'), ...harness.joinVolunteers('v')];
    harness.fleet.open(0);
    expect([a.asked, v.asked]).toEqual([['0+8'], []]);
  });

  it('is free again of a volunteer that hangs up', () => {
    const harness = new FleetHarness({ volunteerShare: 0.25 });
    harness.joinLocally('a');
    const [u, v] = harness.joinVolunteers('u', 'v');
    harness.fleet.open(0);
    expect([u, v].map(leavesAsked)).toEqual([1, 1]);
    v.socket.hangUp();
    u.answer();
    expect(leavesAsked(u)).toBe(2);
  });
});

describe('the check of a volunteer’s leaves', () => {
  it('is that of a worker of the same command and profile, and of no other volunteer', async () => {
    const cast = new Cast();
    const [worker] = cast.harness.joinLocally('worker');
    const [u, v] = cast.harness.joinVolunteers('u', 'v');
    const step = cast.step([worker, u, v]);
    expect(outcomes(step).sort()).toEqual(['u held', 'v held', 'worker accepted', 'worker heard', 'worker heard']);
    expect([cast.harness.count('arbiter wasm'), await sumOf(step)]).toEqual([0, stepSum(0)]);
  });

  it('is the arbiter’s where nobody else is trusted, whoever would agree', async () => {
    const cast = new Cast();
    const workers = [...cast.harness.joinApart('a', 'b'), ...cast.harness.joinVolunteers('u', 'v')];
    const step = cast.step(workers);
    expect(outcomes(step).filter((each) => each.startsWith('arbiter')).length).toBe(
      step.history.filter(({ outcome }) => outcome === 'held').length,
    );
    expect([cast.harness.count('arbiter wasm'), await sumOf(step)]).toEqual([1, stepSum(0)]);
  });

  it('is never a volunteer’s, with audits of everybody’s', async () => {
    const cast = new Cast({ isAudited: () => true });
    const [a] = cast.harness.joinApart('a');
    const volunteers = cast.harness.joinVolunteers('u', 'v', 'w');
    for (let version = 0; version < 5; version++) {
      const step = cast.step([a, ...volunteers]);
      expect(await sumOf(step)).toEqual(stepSum(version));
      for (const { worker, outcome } of step.history) if (outcome === 'heard') expect(worker).toMatch(/^(a$|arbiter-)/);
    }
  });

  it('of a profile that nobody trusted has earns nothing, and the arbiter’s value is used', async () => {
    const trust = new VolunteerTrust({ isPicked: () => false, rate: 0 });
    const cast = new Cast({ trust, isNear: () => true });
    const [worker] = cast.harness.joinLocally('worker');
    const [gpu] = [cast.harness.connect('gpu', { backend: 'webgpu', profile: { backend: 'webgpu' } }, VISITOR)];
    gpu.hello();
    gpu.ready();
    gpu.applied(0);
    for (let version = 0; version < PROVING_LEAVES; version++) {
      const step = cast.step([worker, gpu], (who) => (who === gpu ? ulp : undefined));
      expect(await sumOf(step)).toEqual(stepSum(version));
    }
    expect([gpu.refusedWith, cast.harness.distrusted]).toEqual([undefined, []]);
  });
});

const VISITOR = { credential: { kind: 'volunteer', name: 'volunteer', role: 'volunteer' } } as const;

describe('what looks wrong', () => {
  it.each([
    ['the same, which confirms nothing', huge, ['result-numeric', 'audit-lost']],
    ['otherwise, which refutes nothing', undefined, ['result-numeric', undefined]],
  ])('of a worker is the arbiter’s where a volunteer says %s', async (_, alter, refused) => {
    const cast = new Cast({ volunteerShare: 1 });
    cast.harness.publish(0, 1e4);
    const [a, b] = cast.harness.joinApart('a', 'b');
    const [v] = cast.harness.joinVolunteers('v');
    const step = cast.harness.fleet.open(0);
    a.answer(a.lease, huge);
    // The volunteer is the only one with nothing to do, and gets what the suspect result left.
    v.answer();
    const { first, count } = a.leases[0];
    expect(v.asked.at(-1)).toBe(`${first}+${count}`);
    v.answer(v.lease, alter);
    expect([step.history.at(-1)?.outcome, a.refusedWith]).toEqual(['held', undefined]);
    for (let turn = 0; turn < 10 && !step.isClosed; turn++) cast.answer([b, v], () => undefined);
    expect([await sumOf(step), a.refusedWith, v.refusedWith]).toEqual([stepSum(0), ...refused]);
  });

  it('of a trusted worker is confirmed as if no volunteer was there', async () => {
    const cast = new Cast();
    cast.harness.publish(0, 1e-6);
    const [worker] = cast.harness.joinLocally('worker');
    cast.harness.joinVolunteers('v');
    const step = cast.harness.fleet.open(0);
    for (let turn = 0; turn < 10 && !step.isClosed; turn++) {
      for (const lease of worker.leases) worker.answer(lease);
      cast.harness.pass(1000, () => worker.says({ type: 'pong', incarnation: 3, id: 1 }));
    }
    expect([await sumOf(step), worker.refusedWith]).toEqual([stepSum(0), undefined]);
  });

  it('and is what the arbiter finds, too, is a fault of nobody', async () => {
    const cast = new Cast();
    cast.harness.publish(0, 1e-6);
    const workers = [...cast.harness.joinLocally('worker'), ...cast.harness.joinVolunteers('v')];
    const step = cast.harness.fleet.open(0);
    for (let turn = 0; turn < 10 && !step.isClosed; turn++) {
      cast.answer(workers, () => undefined);
      cast.harness.pass(100);
    }
    expect([await sumOf(step), workers.map(({ refusedWith }) => refusedWith)]).toEqual([
      stepSum(0),
      [undefined, undefined],
    ]);
    expect(cast.harness.told.filter((told) => told.startsWith('quarantined'))).toEqual([]);
  });
});

describe('a liar', () => {
  it('in one float of one leaf is found at once while it is new, and nothing of it is used', async () => {
    const cast = new Cast();
    const [worker] = cast.harness.joinLocally('worker');
    const [liar, v] = cast.harness.joinVolunteers('liar', 'v');
    const step = cast.step([worker, liar, v], (who) => (who === liar ? ulp : undefined));
    expect([await sumOf(step), liar.refusedWith, v.refusedWith]).toEqual([stepSum(0), 'audit-lost', undefined]);
    const [{ session, ...rest }] = cast.harness.distrusted;
    const { start, size } = step.history.find(({ worker }) => worker === 'liar')!;
    expect(rest).toEqual({ type: 'distrusted', worker: 'liar', step: 1, start, size, uses: [] });
    expect(step.history.find(({ worker }) => worker === 'liar')).toMatchObject({
      outcome: 'refuted',
      role: 'volunteer',
      volunteer: session,
    });
  });

  it.each([0.1, 0.02])(
    'after a hundred good leaves is found at rate %d, and every lie that was used is named',
    async (rate) => {
      const cast = new Cast({
        trust: new VolunteerTrust({ isPicked: leafPicks('secret'), rate }),
        volunteerShare: 0.125,
      });
      const { harness } = cast;
      const [worker] = harness.joinLocally('worker');
      const [liar] = harness.joinVolunteers('liar');
      let good = 0;
      const lies: { step: number; start: number; size: number }[] = [];
      for (let version = 0; harness.distrusted.length === 0; version++) {
        expect(version, 'the liar is not found').toBeLessThan(1000);
        const lied = good >= 100;
        const step = cast.step([worker, liar], (who) => (lied && who === liar ? ulp : undefined));
        const used = step.history.filter(({ worker, outcome }) => worker === 'liar' && outcome === 'accepted');
        if (lied) lies.push(...used.map(({ start, size }) => ({ step: version + 1, start, size })));
        good += step.history.reduce((sum, { worker, size }) => sum + (worker === 'liar' ? size : 0), 0);
        // The bits are those of a run without it wherever no lie was used.
        if (!lied || used.length === 0) expect(await sumOf(step)).toEqual(stepSum(version));
      }
      const [{ worker: name, uses }] = harness.distrusted;
      expect([name, liar.refusedWith]).toEqual(['liar', 'audit-lost']);
      expect(uses).toEqual(expect.arrayContaining(lies));
      // Before the first lie it was used unchecked, too, since it was right last.
      expect(uses.filter((use) => !lies.some(({ step }) => step === use.step)).every(({ step }) => step <= 101)).toBe(
        true,
      );
    },
  );
});

describe('checks that take long', () => {
  it('leave volunteers fewer leaves, for the step waits for them, and more again once they take none', () => {
    const harness = new FleetHarness({ hasArbiter: true, volunteerShare: 1 });
    const [worker] = harness.joinApart('worker');
    const [v] = harness.joinVolunteers('v');
    let arbiter: FakeWorker | undefined;
    const shares: number[] = [];
    for (let version = 0; version < 12; version++) {
      const before = leavesAsked(v);
      const step = harness.fleet.open(version);
      shares.push(leavesAsked(v) - before);
      const isOf = (each: { version: number }) => each.version === version;
      const opened = harness.clock;
      const leases = [worker, v].flatMap((each) => each.leases.filter(isOf).map((lease) => ({ each, lease })));
      for (const { each, lease } of leases.sort((one, other) => one.lease.count - other.lease.count)) {
        harness.clock = opened + 100 * lease.count;
        each.answer(lease);
      }
      harness.clock += version < 6 ? 2000 : 0;
      arbiter ??= harness.arbitersCome().at(0);
      // One after the other: it is asked for the next when it has answered.
      for (let at = 0; arbiter && at < arbiter.leases.length; at++) arbiter.answer(arbiter.leases[at]);
      expect(step.isClosed).toBe(true);
      harness.next();
      for (const each of [worker, v, arbiter]) each?.applied(harness.version);
    }
    expect(shares).toEqual([4, 4, 2, 1, 1, 1, 1, 2, 3, 4, 4, 4]);
  });
});
