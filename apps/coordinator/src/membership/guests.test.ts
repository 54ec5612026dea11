import { describe, expect, it } from 'vitest';
import { VOLUNTEER } from '../network/credentials.ts';
import type { Credential } from '../network/credentials.ts';
import { FleetHarness } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';

const OWN: Credential = { kind: 'own', name: 'ada', role: 'volunteer' };
const secretOf = (worker: FakeWorker) => worker.of('welcome')[0].message.session;

function setUp() {
  const harness = new FleetHarness();
  const join = (name: string, credential?: Credential) => {
    const worker = harness.connect(name, {}, credential && { credential });
    worker.hello();
    worker.ready();
    return worker;
  };
  const [worker, own, tab, other] = [join('worker'), join('own', OWN), join('tab', VOLUNTEER), join('tab', VOLUNTEER)];
  return { harness, guests: harness.fleet.guests, worker, own, tab, other };
}

describe('who came by the join link', () => {
  it('comes back by the secret of its session, and nobody else by theirs', () => {
    const { guests, worker, own, tab } = setUp();
    expect(guests.credentialOf(secretOf(tab))).toBe(VOLUNTEER);
    tab.socket.hangUp();
    expect(guests.credentialOf(secretOf(tab))).toBe(VOLUNTEER);
    for (const secret of [secretOf(worker), secretOf(own), '', 'ab'.repeat(16)]) {
      expect(guests.credentialOf(secret)).toBeUndefined();
    }
    worker.socket.hangUp();
    expect(guests.credentialOf(secretOf(worker))).toBeUndefined();
  });

  it('has another secret after each return', () => {
    const { harness, guests, tab } = setUp();
    const back = harness.connect('tab', {}, { credential: VOLUNTEER });
    back.hello(secretOf(tab));
    expect(guests.credentialOf(secretOf(tab))).toBeUndefined();
    expect(guests.credentialOf(secretOf(back))).toBe(VOLUNTEER);
  });

  it('is sent away for good where the link is taken back, and nobody else is', () => {
    const { harness, guests, worker, own, tab, other } = setUp();
    other.socket.hangUp();
    expect(guests.dismiss()).toBe(1);
    expect([worker, own, tab].map(({ refusedWith }) => refusedWith)).toEqual([undefined, undefined, 'join-revoked']);
    tab.socket.hangUp();
    for (const gone of [tab, other]) expect(guests.credentialOf(secretOf(gone))).toBeUndefined();
    expect(harness.fleet.workers.map(({ name }) => name)).toEqual(['worker', 'own']);
    // A new link brings new ones.
    expect(guests.dismiss()).toBe(0);
    const fresh = harness.connect('tab', {}, { credential: VOLUNTEER });
    fresh.hello();
    expect(guests.credentialOf(secretOf(fresh))).toBe(VOLUNTEER);
  });
});
