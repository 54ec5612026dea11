import { describe, expect, it } from 'vitest';
import { LOCAL } from '../network/credentials.ts';
import { FleetBench, stepSum, sumOf } from './fleet-harness.ts';
import type { FakeWorker } from './fleet-harness.ts';

const lie = (vector: Float32Array) => (vector[3] += 1);
const audits = (bench: FleetBench) => bench.told.filter((told) => told.startsWith('audit '));
const audited = () => new FleetBench({ isAudited: () => true, hasArbiter: true });

/** Arbiters that were called come, and every one answers whatever it is asked. */
function arbitrate(bench: FleetBench, present: FakeWorker[] = []): FakeWorker[] {
  const arbiters = [...present, ...bench.arbitersCome()];
  for (const arbiter of arbiters) {
    for (let at = 0; at < arbiter.leases.length; at++) arbiter.answer(arbiter.leases[at]);
  }
  return arbiters;
}

describe('audits', () => {
  it('have every subtree computed twice, by workers that are independent', async () => {
    const bench = audited();
    const [a, b] = bench.joinApart('a', 'b');
    const step = bench.fleet.open(0);
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
    expect([audits(bench), bench.count('audited a'), bench.count('audited b'), bench.count('arbiter')]).toEqual([
      ['audit agreed', 'audit agreed'],
      1,
      1,
      0,
    ]);
  });

  it('find who lied by the arbiter, and never use the lie', async () => {
    const bench = audited();
    const [liar, b, c] = bench.joinApart('liar', 'b', 'c');
    const step = bench.fleet.open(0);
    let arbiters: FakeWorker[] = [];
    for (let turn = 0; turn < 12 && !step.isClosed; turn++) {
      for (const worker of [liar, b, c]) {
        if (worker.refusedWith !== undefined || worker.leases.length <= turn) continue;
        worker.answer(worker.leases[turn], worker === liar ? lie : undefined);
      }
      arbiters = arbitrate(bench, arbiters);
    }
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([liar, b, c].map(({ refusedWith }) => refusedWith)).toEqual(['audit-lost', undefined, undefined]);
    expect(audits(bench)).toContain('audit settled');
  });

  it('are put to the arbiter where the witnesses may all be one and the same', async () => {
    const bench = audited();
    const [a, b, honest] = bench.join('liar', 'liar', 'honest');
    const step = bench.fleet.open(0);
    for (const worker of [a, b, honest]) worker.answer(worker.lease, worker === honest ? undefined : lie);
    expect([a, b, honest].flatMap(({ leases }) => leases)).toHaveLength(3);
    expect(step.isClosed).toBe(false);
    arbitrate(bench);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([a, b, honest].map(({ refusedWith }) => refusedWith)).toEqual(['audit-lost', 'audit-lost', undefined]);
    // As the ledger has it: whose value is used, and that a leaf is used once.
    const outcomes = step.history.map(({ worker, outcome }) => `${worker.split('-')[0]} ${outcome}`);
    expect([...new Set(outcomes)].sort()).toEqual(['arbiter accepted', 'arbiter heard', 'honest held', 'liar refuted']);
  });

  it('settle what somebody left behind that hung up after a lie', async () => {
    const bench = audited();
    const [liar] = bench.joinApart('liar');
    const step = bench.fleet.open(0);
    liar.answer(liar.lease, lie);
    liar.socket.hangUp();
    bench.pass(1000);
    arbitrate(bench);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([audits(bench), bench.told.filter((told) => told.startsWith('quarantined liar audit'))]).toEqual([
      ['audit settled'],
      [expect.stringContaining('quarantined liar audit')],
    ]);
  });

  it('are put to the arbiter if the only witness goes', async () => {
    const bench = audited();
    const [a, b] = bench.joinApart('a', 'b');
    const step = bench.fleet.open(0);
    a.answer();
    b.socket.hangUp();
    expect(a.asked).toEqual(['0+4', '4+4']);
    a.answer();
    expect(step.isClosed).toBe(false);
    arbitrate(bench);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect(audits(bench)).toEqual(['audit confirmed', 'audit confirmed']);
  });

  it('of a profile that nobody else has use the arbiter’s value, and say so', async () => {
    const bench = new FleetBench({ isAudited: () => true, hasArbiter: true, isNear: () => true });
    const near = bench.connect('near', { backend: 'made-up', profile: { backend: 'made-up' } });
    near.hello();
    near.ready();
    near.applied(0);
    const step = bench.fleet.open(0);
    near.answer(near.lease, (vector) => (vector[3] += 1e-3));
    expect(bench.arbiterRequests).toMatchObject([{ backend: 'wasm' }]);
    arbitrate(bench);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([audits(bench), step.exact, near.refusedWith]).toEqual([['audit confirmed'], false, undefined]);
  });

  it('ask only workers that compute the same bits', () => {
    const bench = audited();
    const [a] = bench.joinApart('a');
    const other = bench.connect('other', { profile: { backend: 'tensorflow' } });
    other.hello();
    other.ready();
    const step = bench.fleet.open(0);
    a.answer();
    other.answer();
    expect([a.asked, other.asked, step.isClosed]).toEqual([['0+4'], ['4+4'], false]);
  });

  it('wait for the arbiter however long it takes, and call another if it does not come', async () => {
    const bench = audited();
    const [a, b] = bench.joinApart('a', 'b');
    const alive = () => [a, b].forEach((worker) => worker.says({ type: 'pong', incarnation: 3, id: 1 }));
    const step = bench.fleet.open(0);
    a.answer();
    b.answer();
    a.answer(a.lease, lie);
    b.answer();
    bench.pass(1000, alive);
    expect([bench.count('arbiter wasm'), step.isClosed]).toEqual([1, false]);
    bench.pass(61_000, alive);
    expect([bench.count('arbiter wasm'), bench.count('arbiter ended wasm'), step.isClosed]).toEqual([2, 1, false]);
    bench.arbiterRequests.shift();
    arbitrate(bench);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([a.refusedWith, b.refusedWith]).toEqual(['audit-lost', undefined]);
  });

  it('ask an arbiter that is late for nothing twice, and use what it sends in the end', async () => {
    const bench = audited();
    const [a] = bench.joinApart('a');
    const step = bench.fleet.open(0);
    a.answer();
    const [arbiter] = bench.arbitersCome();
    const alive = () => [a, arbiter].forEach((each) => each.says({ type: 'pong', incarnation: 3, id: 1 }));
    bench.pass(50_000, alive);
    expect([arbiter.asked, arbiter.refusedWith, step.isClosed]).toEqual([['0+8'], undefined, false]);
    arbiter.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('start another arbiter for one that hangs', async () => {
    const bench = audited();
    const [a] = bench.joinApart('a');
    const step = bench.fleet.open(0);
    a.answer();
    const [hangs] = bench.arbitersCome();
    const alive = () => [a, hangs].forEach((each) => each.says({ type: 'pong', incarnation: 3, id: 1 }));
    bench.pass(70_000, alive);
    expect([hangs.refusedWith, step.isClosed]).toEqual(['silent', false]);
    const arbiters = arbitrate(bench);
    expect([arbiters.length, await sumOf(step)]).toEqual([1, stepSum(0)]);
  });

  it('let nobody else be the arbiter, whatever name it takes', () => {
    const bench = audited();
    const [a] = bench.join('a');
    bench.fleet.open(0);
    a.answer();
    const [{ name }] = bench.arbiterRequests;
    const [impostor] = bench.join(name);
    expect(impostor.leases).toEqual([]);
    expect(bench.fleet.workers.map((worker) => worker.name)).toContain(name);
  });

  it('are of a newcomer’s results, until ten were clean; of our own workers’ and trusted ones’ never for that', async () => {
    // Only what newcomers send is picked.
    const bench = new FleetBench({ isAudited: (_, __, isNewcomer) => isNewcomer, hasArbiter: true });
    const [newcomer] = bench.join('newcomer');
    const ours = [LOCAL, { kind: 'own', name: 'lab', role: 'trusted' } as const].map((credential, i) =>
      bench.connect(`ours-${i}`, {}, { credential }),
    );
    for (const worker of ours) {
      worker.hello();
      worker.ready();
      worker.applied(0);
    }
    const heldOf = async () => {
      const step = bench.fleet.open(bench.version);
      for (const worker of [newcomer, ...ours]) worker.answer();
      for (let turn = 0; turn < 5 && !step.isClosed; turn++) for (const worker of ours) worker.answer();
      arbitrate(bench);
      expect(await sumOf(step)).toEqual(stepSum(bench.version));
      const { history } = step;
      bench.next();
      for (const worker of [newcomer, ...ours]) worker.applied(bench.version);
      return history.filter(({ outcome }) => outcome === 'held').map(({ worker }) => worker);
    };
    const held: string[] = [];
    for (let step = 0; step < 14; step++) held.push(...(await heldOf()));
    expect(new Set(held)).toEqual(new Set(['newcomer']));
    expect([held.length >= 10, held.length <= 12]).toEqual([true, true]);
    expect(await heldOf()).toEqual([]);
  });

  it('are not held open by a witness that sends less than it was asked for: that is an offence', async () => {
    const bench = audited();
    const [a, b] = bench.joinApart('a', 'b');
    const step = bench.fleet.open(0);
    a.answer();
    b.answer();
    expect(b.asked).toEqual(['4+4', '0+4']);
    b.result({ start: 0, size: 1 }, { lease: b.leases[1] });
    expect([b.refusedWith, a.refusedWith]).toEqual(['message-invalid', undefined]);
    expect(bench.told.filter((told) => told.startsWith('quarantined'))).toEqual(['quarantined b refused 5000']);
    a.answer();
    arbitrate(bench);
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('of no share ask nobody', async () => {
    const bench = new FleetBench();
    const [a, b] = bench.join('a', 'b');
    const step = bench.fleet.open(0);
    a.answer();
    b.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([a.leases.length, b.leases.length, audits(bench), bench.count('arbiter')]).toEqual([1, 1, [], 0]);
  });
});
