import { describe, expect, it } from 'vitest';
import { FleetBench, stepSum, sumOf } from './fleet-bench.ts';

const lie = (vector: Float32Array) => (vector[3] += 1);
const audits = (bench: FleetBench) => bench.told.filter((told) => told.startsWith('audit '));

describe('audits', () => {
  it('have every subtree computed twice, by different workers', async () => {
    const bench = new FleetBench({ auditRate: 1 });
    const [a, b] = bench.join('a', 'b');
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
    expect([audits(bench), bench.count('audited a'), bench.count('audited b')]).toEqual([
      ['audit agreed', 'audit agreed'],
      1,
      1,
    ]);
  });

  it('find who lied with a third worker, and never use the lie', async () => {
    const bench = new FleetBench({ auditRate: 1 });
    const [liar, b, c] = bench.join('liar', 'b', 'c');
    const all = [liar, b, c];
    const step = bench.fleet.open(0);
    for (let turn = 0; turn < 12 && !step.isClosed; turn++) {
      for (const worker of all) {
        if (worker.refusedWith !== undefined || worker.leases.length <= turn) continue;
        worker.answer(worker.leases[turn], worker === liar ? lie : undefined);
      }
    }
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect(liar.refusedWith).toBe('audit-lost');
    expect([b.refusedWith, c.refusedWith]).toEqual([undefined, undefined]);
    expect(audits(bench)).toContain('audit settled');
  });

  it('are skipped, and counted, if nobody else can be asked', async () => {
    const bench = new FleetBench({ auditRate: 1 });
    const [a] = bench.join('a');
    const step = bench.fleet.open(0);
    a.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect(audits(bench)).toEqual(['audit skipped']);
  });

  it('are skipped if the only other worker goes', async () => {
    const bench = new FleetBench({ auditRate: 1 });
    const [a, b] = bench.join('a', 'b');
    const step = bench.fleet.open(0);
    a.answer();
    b.socket.hangUp();
    expect(a.asked).toEqual(['0+4', '4+4']);
    a.answer();
    bench.pass(100);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect(audits(bench)).toEqual(['audit skipped', 'audit skipped']);
  });

  it('ask only workers that compute the same bits', async () => {
    const bench = new FleetBench({ auditRate: 1 });
    const [a] = bench.join('a');
    const other = bench.connect('other', { profile: { backend: 'tensorflow' } });
    other.hello();
    other.ready();
    const step = bench.fleet.open(0);
    a.answer();
    other.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([a.asked, other.asked]).toEqual([['0+4'], ['4+4']]);
  });

  it('in dispute without a third call an arbiter, and go on without it if it does not come', () => {
    const bench = new FleetBench({ auditRate: 1 });
    const [a, b] = bench.join('a', 'b');
    const step = bench.fleet.open(0);
    a.answer();
    b.answer();
    a.answer(a.lease, lie);
    b.answer();
    const alive = () => [a, b].forEach((worker) => worker.says({ type: 'pong', incarnation: 3, id: 1 }));
    bench.pass(1000, alive);
    expect([bench.count('arbiter wasm arbiter'), step.isClosed]).toEqual([1, false]);
    bench.pass(121_000, alive);
    expect(step.isClosed).toBe(true);
  });

  it('of no share ask nobody', async () => {
    const bench = new FleetBench({ auditRate: 0 });
    const [a, b] = bench.join('a', 'b');
    const step = bench.fleet.open(0);
    a.answer();
    b.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([a.leases.length, b.leases.length, audits(bench)]).toEqual([1, 1, []]);
  });
});
