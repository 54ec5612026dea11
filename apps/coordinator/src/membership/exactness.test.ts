import { describe, expect, it } from 'vitest';
import { ANYBODY, LOCAL } from '../network/credentials.ts';
import type { Credential } from '../network/credentials.ts';
import { OWN_FIRST_MS } from './exactness.ts';
import { FleetBench, stepSum, sumOf } from '../leasing/fleet-harness.ts';
import type { FakeWorker } from '../leasing/fleet-harness.ts';

const TRUSTED: Credential = { kind: 'own', name: 'lab-1', role: 'trusted' };
const GUEST: Credential = { kind: 'own', name: 'guest', role: 'worker' };
const madeUp = { profile: { backend: 'wasm', features: 'of my own' } };
const tensorflow = { backend: 'tensorflow', profile: { backend: 'tensorflow', features: 'avx512' } };

function come(bench: FleetBench, how: object = {}, credential: Credential = ANYBODY): FakeWorker {
  const worker = bench.connect('w', how, { credential });
  worker.hello();
  worker.ready();
  if (worker.of('snapshot').length > 0) worker.applied(0);
  return worker;
}

/** Whether it waits, was let in, or was refused with what. */
function standing(worker: FakeWorker): string {
  return worker.refusedWith ?? (worker.of('snapshot').length > 0 ? 'admitted' : 'waits');
}

/** The coordinator's own workers that were asked for come. */
function ownCome(bench: FleetBench, how: object = {}): FakeWorker[] {
  const came = bench.arbitersCome(how);
  bench.pass(200);
  return came;
}

describe('a stranger in an exact run', () => {
  it.each([ANYBODY, GUEST])('with a profile of its own making decides nothing, and is refused for good: %j', (who) => {
    const bench = new FleetBench({ exactProfile: undefined });
    const liar = come(bench, madeUp, who);
    expect(standing(liar)).toBe('waits');
    const honest = come(bench);
    bench.pass(100);
    ownCome(bench);
    expect([standing(liar), standing(honest)]).toEqual(['profile-unverifiable', 'admitted']);
    const [{ message }] = liar.of('refuse');
    expect([message.retry, message.sentence]).toEqual(['never', expect.stringContaining('features is of my own')]);
    expect(message.sentence).toMatch(/--backend wasm, or a credential of role trusted/);
  });

  it('works with a profile that the coordinator computes, and no worker of ours stays for it without audits', async () => {
    const bench = new FleetBench({ exactProfile: undefined });
    const [a, b] = [come(bench), come(bench)];
    bench.pass(100);
    expect(bench.arbiterRequests).toMatchObject([{ backend: 'wasm' }]);
    ownCome(bench);
    expect(bench.count('arbiter ended wasm')).toBe(1);
    const c = come(bench);
    expect([a, b, c].map(standing)).toEqual(['admitted', 'admitted', 'admitted']);
    for (const worker of [a, b, c]) worker.applied(0);
    const step = bench.fleet.open(0);
    for (const worker of [a, b, c]) worker.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([bench.count('arbiter wasm'), bench.arbiterRequests]).toEqual([1, []]);
  });

  it('with a profile that no worker of ours can have is refused when that is known', () => {
    const bench = new FleetBench({
      exactProfile: undefined,
      startArbiter: () => ({ hasEnded: true, end: () => undefined }),
    });
    const stranger = come(bench, tensorflow);
    bench.pass(300);
    expect(standing(stranger)).toBe('profile-unverifiable');
    expect(stranger.of('refuse')[0].message.sentence).toContain('none like it starts there');
  });

  it('with the profile of a trusted worker that the coordinator cannot compute is refused, too', () => {
    const bench = new FleetBench({ exactProfile: undefined });
    const trusted = come(bench, tensorflow, TRUSTED);
    const stranger = come(bench, tensorflow);
    expect([standing(trusted), standing(stranger)]).toEqual(['admitted', 'waits']);
    bench.pass(100);
    ownCome(bench, { backend: 'tensorflow', profile: { backend: 'tensorflow', features: 'avx2' } });
    expect(standing(stranger)).toBe('profile-unverifiable');
    expect(stranger.of('refuse')[0].message.sentence).toContain('features is avx512, not avx2');
  });

  it('with the profile of a worker of the same command waits for nothing', () => {
    const bench = new FleetBench({ exactProfile: undefined, expectsOwn: () => true });
    come(bench, tensorflow, LOCAL);
    expect([standing(come(bench, tensorflow)), standing(come(bench))]).toEqual(['admitted', 'profile-mismatch']);
    expect(bench.arbiterRequests).toEqual([]);
  });

  it('does not decide the profile before workers of the same command have, for a minute', () => {
    const run = () => new FleetBench({ exactProfile: undefined, expectsOwn: () => true });
    const bench = run();
    const early = come(bench);
    bench.pass(1000);
    come(bench, tensorflow, LOCAL);
    bench.pass(100);
    expect([standing(early), bench.arbiterRequests]).toEqual(['profile-mismatch', []]);
    const alone = run();
    const patient = come(alone);
    alone.pass(OWN_FIRST_MS + 200, () => patient.says({ type: 'pong', incarnation: 3, id: 1 }));
    ownCome(alone);
    expect(standing(patient)).toBe('admitted');
  });

  it('does not bring another backend than the run was told to use', () => {
    const bench = new FleetBench({ exactProfile: undefined, backend: 'tensorflow' });
    expect(standing(come(bench))).toBe('profile-mismatch');
    expect(standing(come(bench, {}, TRUSTED))).toBe('admitted');
  });

  it('that says ready twice while it waits, or goes, is nobody to wait for', () => {
    const bench = new FleetBench({ exactProfile: undefined });
    const hasty = come(bench);
    hasty.ready();
    expect(standing(hasty)).toBe('message-unexpected');
    const gone = come(bench);
    gone.socket.hangUp();
    bench.pass(200);
    expect(bench.count('arbiter ended wasm')).toBe(1);
  });
});

describe('an exact run', () => {
  it('has the profile of the first, for everybody', () => {
    const bench = new FleetBench({ exactProfile: undefined });
    for (const name of ['a', 'b']) expect([name, standing(come(bench, {}, TRUSTED))]).toEqual([name, 'admitted']);
    const other = come(bench, tensorflow, TRUSTED);
    expect(standing(other)).toBe('profile-mismatch');
    expect(other.of('refuse')[0].message.sentence).toContain('backend is tensorflow, not wasm');
    expect(bench.fleet.active).toBe(2);
  });

  it('that is none asks nobody', () => {
    const bench = new FleetBench();
    expect([standing(come(bench, madeUp)), standing(come(bench, tensorflow))]).toEqual(['admitted', 'admitted']);
    expect(bench.arbiterRequests).toEqual([]);
  });

  it('keeps the worker of ours where it is needed for audits', () => {
    const bench = new FleetBench({ exactProfile: undefined, hasArbiter: true });
    const worker = come(bench);
    bench.pass(100);
    ownCome(bench);
    expect([standing(worker), bench.count('arbiter ended wasm')]).toEqual(['admitted', 0]);
  });
});
