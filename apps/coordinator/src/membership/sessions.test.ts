import { describe, expect, it } from 'vitest';
import type { CredentialRole } from '@gradcast/config';
import { ANYBODY, VOLUNTEER } from '../network/credentials.ts';
import type { Credential, CredentialKind } from '../network/credentials.ts';
import { FleetHarness } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';
import { Sessions } from './sessions.ts';

const spoil = (vector: Float32Array) => (vector[5] = NaN);
const secretOf = (worker: FakeWorker) => worker.of('welcome')[0].message.session;
const credential = (kind: CredentialKind, name: string, role: CredentialRole = 'worker'): Credential => ({
  kind,
  name,
  role,
});

/** A run in which one of two workers was quarantined for a wrong result and hung up. */
function afterHarm(connection: { credential?: Credential } = {}): { harness: FleetHarness; bad: FakeWorker } {
  const harness = new FleetHarness();
  const [good] = harness.join('good');
  const bad = harness.connect('bad', {}, connection);
  bad.hello();
  bad.ready();
  bad.applied(0);
  harness.fleet.open(0);
  bad.answer(bad.lease, spoil);
  good.answer();
  good.answer();
  expect(harness.count('quarantined bad refused 5000')).toBe(1);
  bad.socket.hangUp();
  return { harness, bad };
}

const stateOf = (harness: FleetHarness, wanted: string) =>
  harness.fleet.workers.find(({ name }) => name === wanted)?.quarantine;

function back(
  harness: FleetHarness,
  name: string,
  options: { secret?: string; credential?: Credential },
): string | null {
  const { secret, ...connection } = options;
  const worker = harness.connect(name, {}, connection);
  worker.hello(secret ?? null);
  worker.ready();
  const known = worker.of('welcome')[0].message.worker;
  return stateOf(harness, known) ?? null;
}

describe('a quarantine', () => {
  it("is the session's: it stays with its secret, under any name and after the connection is gone", () => {
    const { harness, bad } = afterHarm();
    expect(back(harness, 'other', { secret: secretOf(bad) })).toBe('refused');
  });

  it('is not that of somebody else who takes the name', () => {
    const { harness } = afterHarm();
    expect(back(harness, 'bad', {})).toBeNull();
  });

  it('is that of the credential of one holder, whatever it calls itself', () => {
    const own = credential('own', 'alice');
    const { harness } = afterHarm({ credential: own });
    expect(back(harness, 'new', { credential: own })).toBe('refused');
    expect(back(harness, 'another', { credential: credential('own', 'bob') })).toBeNull();
  });

  it('is not that of a token which many share', () => {
    const shared = credential('shared', 'shared');
    const { harness } = afterHarm({ credential: shared });
    expect(back(harness, 'new', { credential: shared })).toBeNull();
  });
});

describe('wrong replicas', () => {
  it('are counted over all connections of a session, and each costs a longer pause', () => {
    const harness = new FleetHarness();
    let [worker] = harness.join('a');
    const pauses: number[] = [];
    for (let turn = 0; turn < 8; turn++) {
      const before = worker.of('snapshot').length;
      worker.says({ type: 'resync', incarnation: 3, version: 0, fingerprint: 'ab'.repeat(16) });
      if (turn % 2 === 1) {
        worker.socket.hangUp();
        const again = harness.connect('a');
        again.hello(secretOf(worker));
        again.ready();
        worker = again;
      }
      const since = harness.clock;
      const from = turn % 2 === 1 ? 0 : before;
      while (worker.of('snapshot').length === from && harness.clock - since < 100_000) {
        harness.pass(100, () => worker.says({ type: 'pong', incarnation: 3, id: 1 }));
      }
      pauses.push((harness.clock - since) / 1000);
    }
    expect(pauses).toEqual([0, 0, 0, 1, 2, 4, 8, 16]);
  });
});

describe('sessions', () => {
  it('belong to a role: nobody goes on with one under another', () => {
    const harness = new FleetHarness();
    const volunteer = harness.connect('tab', {}, { credential: VOLUNTEER });
    volunteer.hello();
    volunteer.ready();
    const worker = harness.connect('tab');
    worker.hello(secretOf(volunteer));
    worker.ready();
    expect(harness.fleet.workers.map(({ name, role }) => `${name} ${role}`)).toEqual(['tab volunteer', 'tab-2 worker']);
    const back = harness.connect('tab', {}, { credential: VOLUNTEER });
    back.hello(secretOf(volunteer));
    back.ready();
    expect(harness.fleet.workers.map(({ name, role }) => `${name} ${role}`)).toEqual(['tab-2 worker', 'tab volunteer']);
    back.socket.hangUp();
    const other = harness.connect('other');
    other.hello(secretOf(back));
    expect(other.of('welcome')[0].message.worker).toBe('other');
  });

  it('of workers that are gone are remembered up to a bound, the latest', () => {
    const sessions = new Sessions();
    const all = Array.from({ length: 6000 }, (_, i) =>
      sessions.open({ name: `w${i}`, credential: ANYBODY }, undefined),
    );
    for (const each of all) sessions.left(each);
    expect(sessions.size).toBe(4096);
    expect(sessions.find(all[0].secret)).toBeUndefined();
    const last = all.at(-1)!;
    expect(sessions.find(last.secret)).toEqual(last);
    sessions.take(last.secret);
    expect(sessions.find(last.secret)).toBeUndefined();
  });
});
