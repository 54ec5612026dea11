import { describe, expect, it } from 'vitest';
import { LOCAL } from '../network/credentials.ts';
import { FleetHarness, stepSum, sumOf } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';

const lie = (vector: Float32Array) => (vector[3] += 1);
const audits = (harness: FleetHarness) => harness.told.filter((told) => told.startsWith('audit '));
const audited = () => new FleetHarness({ isAudited: () => true, hasArbiter: true });

/** Arbiters that were called come, and every one answers whatever it is asked. */
function arbitrate(harness: FleetHarness, present: FakeWorker[] = []): FakeWorker[] {
  const arbiters = [...present, ...harness.arbitersCome()];
  for (const arbiter of arbiters) {
    for (let at = 0; at < arbiter.leases.length; at++) arbiter.answer(arbiter.leases[at]);
  }
  return arbiters;
}

describe('audits', () => {
  it('have every subtree computed twice, by workers that are independent', async () => {
    const harness = audited();
    const [a, b] = harness.joinApart('a', 'b');
    const step = harness.fleet.open(0);
    a.answer();
    expect(step.isClosed).toBe(false);
    b.answer();
    expect([a.asked, b.asked]).toEqual([
      ['0+4', '4+4'],
      ['4+4', '0+4'],
    ]);
    a.answer();
    b.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([audits(harness), harness.count('audited a'), harness.count('audited b'), harness.count('arbiter')]).toEqual(
      [['audit agreed', 'audit agreed'], 1, 1, 0],
    );
  });

  it('find who lied by the arbiter, and never use the lie', async () => {
    const harness = audited();
    const [liar, b, c] = harness.joinApart('liar', 'b', 'c');
    const step = harness.fleet.open(0);
    let arbiters: FakeWorker[] = [];
    for (let turn = 0; turn < 12 && !step.isClosed; turn++) {
      for (const worker of [liar, b, c]) {
        if (worker.refusedWith !== undefined || worker.leases.length <= turn) continue;
        worker.answer(worker.leases[turn], worker === liar ? lie : undefined);
      }
      arbiters = arbitrate(harness, arbiters);
    }
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([liar, b, c].map(({ refusedWith }) => refusedWith)).toEqual(['audit-lost', undefined, undefined]);
    expect(audits(harness)).toContain('audit settled');
  });

  it('are put to the arbiter where the witnesses may all be one and the same', async () => {
    const harness = audited();
    const [a, b, honest] = harness.join('liar', 'liar', 'honest');
    const step = harness.fleet.open(0);
    for (const worker of [a, b, honest]) worker.answer(worker.lease, worker === honest ? undefined : lie);
    expect([a, b, honest].flatMap(({ leases }) => leases)).toHaveLength(3);
    expect(step.isClosed).toBe(false);
    arbitrate(harness);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([a, b, honest].map(({ refusedWith }) => refusedWith)).toEqual(['audit-lost', 'audit-lost', undefined]);
    // As the ledger has it: whose value is used, and that a leaf is used once.
    const outcomes = step.history.map(({ worker, outcome }) => `${worker.split('-')[0]} ${outcome}`);
    expect([...new Set(outcomes)].sort()).toEqual(['arbiter accepted', 'arbiter heard', 'honest held', 'liar refuted']);
  });

  it('settle what somebody left behind that hung up after a lie', async () => {
    const harness = audited();
    const [liar] = harness.joinApart('liar');
    const step = harness.fleet.open(0);
    liar.answer(liar.lease, lie);
    liar.socket.hangUp();
    harness.pass(1000);
    arbitrate(harness);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([audits(harness), harness.told.filter((told) => told.startsWith('quarantined liar audit'))]).toEqual([
      ['audit settled'],
      [expect.stringContaining('quarantined liar audit')],
    ]);
  });

  it('are put to the arbiter if the only witness goes', async () => {
    const harness = audited();
    const [a, b] = harness.joinApart('a', 'b');
    const step = harness.fleet.open(0);
    a.answer();
    b.socket.hangUp();
    expect(a.asked).toEqual(['0+4', '4+4']);
    a.answer();
    expect(step.isClosed).toBe(false);
    arbitrate(harness);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect(audits(harness)).toEqual(['audit confirmed', 'audit confirmed']);
  });

  it('of a profile that nobody else has use the arbiter’s value, and say so', async () => {
    const harness = new FleetHarness({ isAudited: () => true, hasArbiter: true, isNear: () => true });
    const near = harness.connect('near', { backend: 'made-up', profile: { backend: 'made-up' } });
    near.hello();
    near.ready();
    near.applied(0);
    const step = harness.fleet.open(0);
    near.answer(near.lease, (vector) => (vector[3] += 1e-3));
    expect(harness.arbiterRequests).toMatchObject([{ backend: 'wasm' }]);
    arbitrate(harness);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([audits(harness), step.exact, near.refusedWith]).toEqual([['audit confirmed'], false, undefined]);
  });

  it('ask only workers that compute the same bits', () => {
    const harness = audited();
    const [a] = harness.joinApart('a');
    const other = harness.connect('other', { profile: { backend: 'tensorflow' } });
    other.hello();
    other.ready();
    const step = harness.fleet.open(0);
    a.answer();
    other.answer();
    expect([a.asked, other.asked, step.isClosed]).toEqual([['0+4'], ['4+4'], false]);
  });

  it('wait for the arbiter however long it takes, and call another if it does not come', async () => {
    const harness = audited();
    const [a, b] = harness.joinApart('a', 'b');
    const alive = () => [a, b].forEach((worker) => worker.says({ type: 'pong', incarnation: 3, id: 1 }));
    const step = harness.fleet.open(0);
    a.answer();
    b.answer();
    a.answer(a.lease, lie);
    b.answer();
    harness.pass(1000, alive);
    expect([harness.count('arbiter wasm'), step.isClosed]).toEqual([1, false]);
    harness.pass(61_000, alive);
    expect([harness.count('arbiter wasm'), harness.count('arbiter ended wasm'), step.isClosed]).toEqual([2, 1, false]);
    harness.arbiterRequests.shift();
    arbitrate(harness);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([a.refusedWith, b.refusedWith]).toEqual(['audit-lost', undefined]);
  });

  it('ask an arbiter that is late for nothing twice, and use what it sends in the end', async () => {
    const harness = audited();
    const [a] = harness.joinApart('a');
    const step = harness.fleet.open(0);
    a.answer();
    const [arbiter] = harness.arbitersCome();
    const alive = () => [a, arbiter].forEach((each) => each.says({ type: 'pong', incarnation: 3, id: 1 }));
    harness.pass(50_000, alive);
    expect([arbiter.asked, arbiter.refusedWith, step.isClosed]).toEqual([['0+8'], undefined, false]);
    arbiter.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('start another arbiter for one that hangs', async () => {
    const harness = audited();
    const [a] = harness.joinApart('a');
    const step = harness.fleet.open(0);
    a.answer();
    const [hangs] = harness.arbitersCome();
    const alive = () => [a, hangs].forEach((each) => each.says({ type: 'pong', incarnation: 3, id: 1 }));
    harness.pass(70_000, alive);
    expect([hangs.refusedWith, step.isClosed]).toEqual(['silent', false]);
    const arbiters = arbitrate(harness);
    expect([arbiters.length, await sumOf(step)]).toEqual([1, stepSum(0)]);
  });

  it('let nobody else be the arbiter, whatever name it takes', () => {
    const harness = audited();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    a.answer();
    const [{ name }] = harness.arbiterRequests;
    const [impostor] = harness.join(name);
    expect(impostor.leases).toEqual([]);
    expect(harness.fleet.workers.map((worker) => worker.name)).toContain(name);
  });

  it('are of a newcomer’s results, until ten were clean; of our own workers’ and trusted ones’ never for that', async () => {
    // Only what newcomers send is picked.
    const harness = new FleetHarness({ isAudited: (_, __, isNewcomer) => isNewcomer, hasArbiter: true });
    const [newcomer] = harness.join('newcomer');
    const ours = [LOCAL, { kind: 'own', name: 'lab', role: 'trusted' } as const].map((credential, i) =>
      harness.connect(`ours-${i}`, {}, { credential }),
    );
    for (const worker of ours) {
      worker.hello();
      worker.ready();
      worker.applied(0);
    }
    const heldOf = async () => {
      const step = harness.fleet.open(harness.version);
      for (const worker of [newcomer, ...ours]) worker.answer();
      for (let turn = 0; turn < 5 && !step.isClosed; turn++) for (const worker of ours) worker.answer();
      arbitrate(harness);
      expect(await sumOf(step)).toEqual(stepSum(harness.version));
      const { history } = step;
      harness.next();
      for (const worker of [newcomer, ...ours]) worker.applied(harness.version);
      return history.filter(({ outcome }) => outcome === 'held').map(({ worker }) => worker);
    };
    const held: string[] = [];
    for (let step = 0; step < 14; step++) held.push(...(await heldOf()));
    expect(new Set(held)).toEqual(new Set(['newcomer']));
    expect([held.length >= 10, held.length <= 12]).toEqual([true, true]);
    expect(await heldOf()).toEqual([]);
  });

  it('are not held open by a witness that sends less than it was asked for: that is an offence', async () => {
    const harness = audited();
    const [a, b] = harness.joinApart('a', 'b');
    const step = harness.fleet.open(0);
    a.answer();
    b.answer();
    expect(b.asked).toEqual(['4+4', '0+4']);
    b.result({ start: 0, size: 1 }, { lease: b.leases[1] });
    expect([b.refusedWith, a.refusedWith]).toEqual(['message-invalid', undefined]);
    expect(harness.told.filter((told) => told.startsWith('quarantined'))).toEqual(['quarantined b refused 5000']);
    a.answer();
    arbitrate(harness);
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('of no share ask nobody', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    a.answer();
    b.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([a.leases.length, b.leases.length, audits(harness), harness.count('arbiter')]).toEqual([1, 1, [], 0]);
  });
});
