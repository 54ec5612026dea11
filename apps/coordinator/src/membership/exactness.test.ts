import { describe, expect, it } from 'vitest';
import { ANYBODY, LOCAL } from '../network/credentials.ts';
import type { Credential } from '../network/credentials.ts';
import { OWN_FIRST_MS } from './exactness.ts';
import { FleetHarness, stepSum, sumOf } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';

const TRUSTED: Credential = { kind: 'own', name: 'lab-1', role: 'trusted' };
const GUEST: Credential = { kind: 'own', name: 'guest', role: 'worker' };
const madeUp = { profile: { backend: 'wasm', features: 'of my own' } };
const tensorflow = { backend: 'tensorflow', profile: { backend: 'tensorflow', features: 'avx512' } };

function come(harness: FleetHarness, how: object = {}, credential: Credential = ANYBODY): FakeWorker {
  const worker = harness.connect('w', how, { credential });
  worker.hello();
  worker.ready();
  if (worker.of('snapshot').length > 0) worker.applied(0);
  return worker;
}

/** Whether it waits, was let in, or was refused with what. */
function admissionOf(worker: FakeWorker): string {
  return worker.refusedWith ?? (worker.of('snapshot').length > 0 ? 'admitted' : 'waits');
}

/** The coordinator's own workers that were asked for come. */
function ownCome(harness: FleetHarness, how: object = {}): FakeWorker[] {
  const came = harness.arbitersCome(how);
  harness.pass(200);
  return came;
}

describe('a stranger in an exact run', () => {
  it.each([ANYBODY, GUEST])('with a profile of its own making decides nothing, and is refused for good: %j', (who) => {
    const harness = new FleetHarness({ exactProfile: undefined });
    const liar = come(harness, madeUp, who);
    expect(admissionOf(liar)).toBe('waits');
    const honest = come(harness);
    harness.pass(100);
    ownCome(harness);
    expect([admissionOf(liar), admissionOf(honest)]).toEqual(['profile-unverifiable', 'admitted']);
    const [{ message }] = liar.of('refuse');
    expect([message.retry, message.sentence]).toEqual(['never', expect.stringContaining('features is of my own')]);
    expect(message.sentence).toMatch(/--backend wasm, or a credential of role trusted/);
  });

  it('works with a profile that the coordinator computes, and no worker of ours stays for it without audits', async () => {
    const harness = new FleetHarness({ exactProfile: undefined });
    const [a, b] = [come(harness), come(harness)];
    harness.pass(100);
    expect(harness.arbiterRequests).toMatchObject([{ backend: 'wasm' }]);
    ownCome(harness);
    expect(harness.count('arbiter ended wasm')).toBe(1);
    const c = come(harness);
    expect([a, b, c].map(admissionOf)).toEqual(['admitted', 'admitted', 'admitted']);
    for (const worker of [a, b, c]) worker.applied(0);
    const step = harness.fleet.open(0);
    for (const worker of [a, b, c]) worker.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect([harness.count('arbiter wasm'), harness.arbiterRequests]).toEqual([1, []]);
  });

  it('with a profile that no worker of ours can have is refused when that is known', () => {
    const harness = new FleetHarness({
      exactProfile: undefined,
      startArbiter: () => ({ hasEnded: true, end: () => undefined }),
    });
    const stranger = come(harness, tensorflow);
    harness.pass(300);
    expect(admissionOf(stranger)).toBe('profile-unverifiable');
    expect(stranger.of('refuse')[0].message.sentence).toContain('none like it starts there');
  });

  it('with the profile of a trusted worker that the coordinator cannot compute is refused, too', () => {
    const harness = new FleetHarness({ exactProfile: undefined });
    const trusted = come(harness, tensorflow, TRUSTED);
    const stranger = come(harness, tensorflow);
    expect([admissionOf(trusted), admissionOf(stranger)]).toEqual(['admitted', 'waits']);
    harness.pass(100);
    ownCome(harness, { backend: 'tensorflow', profile: { backend: 'tensorflow', features: 'avx2' } });
    expect(admissionOf(stranger)).toBe('profile-unverifiable');
    expect(stranger.of('refuse')[0].message.sentence).toContain('features is avx512, not avx2');
  });

  it('with the profile of a worker of the same command waits for nothing', () => {
    const harness = new FleetHarness({ exactProfile: undefined, expectsOwn: () => true });
    come(harness, tensorflow, LOCAL);
    expect([admissionOf(come(harness, tensorflow)), admissionOf(come(harness))]).toEqual([
      'admitted',
      'profile-mismatch',
    ]);
    expect(harness.arbiterRequests).toEqual([]);
  });

  it('does not decide the profile before workers of the same command have, for a minute', () => {
    const run = () => new FleetHarness({ exactProfile: undefined, expectsOwn: () => true });
    const harness = run();
    const early = come(harness);
    harness.pass(1000);
    come(harness, tensorflow, LOCAL);
    harness.pass(100);
    expect([admissionOf(early), harness.arbiterRequests]).toEqual(['profile-mismatch', []]);
    const alone = run();
    const patient = come(alone);
    alone.pass(OWN_FIRST_MS + 200, () => patient.says({ type: 'pong', incarnation: 3, id: 1 }));
    ownCome(alone);
    expect(admissionOf(patient)).toBe('admitted');
  });

  it('does not bring another backend than the run was told to use', () => {
    const harness = new FleetHarness({ exactProfile: undefined, backend: 'tensorflow' });
    expect(admissionOf(come(harness))).toBe('profile-mismatch');
    expect(admissionOf(come(harness, {}, TRUSTED))).toBe('admitted');
  });

  it('that says ready twice while it waits, or goes, is nobody to wait for', () => {
    const harness = new FleetHarness({ exactProfile: undefined });
    const hasty = come(harness);
    hasty.ready();
    expect(admissionOf(hasty)).toBe('message-unexpected');
    const gone = come(harness);
    gone.socket.hangUp();
    harness.pass(200);
    expect(harness.count('arbiter ended wasm')).toBe(1);
  });
});

describe('an exact run', () => {
  it('has the profile of the first, for everybody', () => {
    const harness = new FleetHarness({ exactProfile: undefined });
    for (const name of ['a', 'b']) expect([name, admissionOf(come(harness, {}, TRUSTED))]).toEqual([name, 'admitted']);
    const other = come(harness, tensorflow, TRUSTED);
    expect(admissionOf(other)).toBe('profile-mismatch');
    expect(other.of('refuse')[0].message.sentence).toContain('backend is tensorflow, not wasm');
    expect(harness.fleet.active).toBe(2);
  });

  it('tells apart who chose other ways to compute, though the probe is the same', () => {
    const harness = new FleetHarness({ exactProfile: undefined });
    const workers = [undefined, '0123456789abcdef', undefined].map((tuning, index) => {
      const worker = harness.connect(`w${index}`, {}, { credential: TRUSTED });
      worker.hello();
      worker.ready(10, tuning === undefined ? {} : { tuning });
      return worker;
    });
    expect(workers.map(admissionOf)).toEqual(['admitted', 'profile-mismatch', 'admitted']);
    expect(workers[1].of('refuse')[0].message.sentence).toContain('tuning is 0123456789abcdef, not absent');
  });

  it('that is none asks nobody', () => {
    const harness = new FleetHarness();
    expect([admissionOf(come(harness, madeUp)), admissionOf(come(harness, tensorflow))]).toEqual([
      'admitted',
      'admitted',
    ]);
    expect(harness.arbiterRequests).toEqual([]);
  });

  it('keeps the worker of ours where it is needed for audits', () => {
    const harness = new FleetHarness({ exactProfile: undefined, hasArbiter: true });
    const worker = come(harness);
    harness.pass(100);
    ownCome(harness);
    expect([admissionOf(worker), harness.count('arbiter ended wasm')]).toEqual(['admitted', 0]);
  });
});
