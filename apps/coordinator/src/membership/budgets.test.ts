import { describe, expect, it } from 'vitest';
import { ProtocolError } from '@gradcast/protocol';
import { Budgets, chargedTo } from './budgets.ts';
import { ANYBODY, LOCAL } from '../network/credentials.ts';
import type { Credential } from '../network/credentials.ts';

const own = (name: string): Credential => ({ kind: 'own', name, role: 'worker' });
const SHARED: Credential = { kind: 'shared', name: 'shared', role: 'worker' };

function harness(maxWorkers: number) {
  let clock = 0;
  const budgets = new Budgets({ maxWorkers, maxVolunteers: 8, now: () => clock });
  const peer = (credential: Credential, address = '192.0.2.1') => ({ credential, address });
  const newcomer = (origin: ReturnType<typeof peer>) => ({ ...origin, identity: 'new', isProven: false });
  const lets = (act: () => unknown) => {
    try {
      return act() ?? true;
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'too-many-connections') return false;
      throw error;
    }
  };
  /** How many of up to so many come in. */
  const storm = (origin: ReturnType<typeof peer>, count: number, session?: { identity: string; isProven: boolean }) =>
    Array.from({ length: count }, () => lets(() => budgets.hello(origin, session))).filter(Boolean).length;
  return { budgets, peer, newcomer, storm, pass: (ms: number) => void (clock += ms) };
}

describe('whom a peer is charged to', () => {
  it.each([
    [own('ada'), '192.0.2.1', 'credential:ada'],
    [SHARED, '192.0.2.1', 'address:192.0.2.1'],
    [ANYBODY, '2001:db8::1', 'address:2001:db8:0:0::/64'],
    [LOCAL, '127.0.0.1', undefined],
  ])('%o at %s', (credential, address, key) => expect(chargedTo({ credential, address })).toBe(key));
});

describe('hellos', () => {
  it('of five hundred workers behind one address come in at once, again and again within a minute', () => {
    const { peer, storm, pass } = harness(512);
    const nat = peer(SHARED);
    expect([storm(nat, 500), storm(nat, 500)]).toEqual([500, 500]);
    pass(60_000);
    expect(storm(nat, 500)).toBe(500);
  });

  it('of one credential are limited, say when to come again, and cost nobody else anything', () => {
    const { budgets, peer, storm, pass } = harness(64);
    const [stormy, other] = [peer(own('stormy')), peer(own('other'))];
    expect(storm(stormy, 10_000)).toBe(256);
    expect(() => budgets.hello(stormy, undefined)).toThrow(/try again in 1 s/);
    pass(1000);
    expect(storm(stormy, 10_000)).toBe(4);
    expect(storm(other, 100)).toBe(100);
  });

  it('of a worker that has contributed are its own, whatever strangers of its address do', () => {
    const { peer, storm } = harness(64);
    const nat = peer(SHARED);
    storm(nat, 10_000);
    expect(storm(nat, 100, { identity: 'session-1', isProven: true })).toBe(16);
    expect(storm(nat, 100, { identity: 'session-2', isProven: false })).toBe(0);
  });

  it('of this command’s own workers are not limited', () => {
    const { peer, storm } = harness(1);
    expect(storm(peer(LOCAL), 10_000)).toBe(10_000);
  });
});

it('snapshots are limited alike: a peer waits for its next', () => {
  const { budgets, peer, newcomer, pass } = harness(64);
  const greedy = newcomer(peer(own('greedy')));
  const waits = Array.from({ length: 300 }, () => budgets.snapshot(greedy));
  expect(waits.filter((ms) => ms === 0)).toHaveLength(256);
  expect(waits.at(-1)).toBe(500);
  pass(500);
  expect(budgets.snapshot(greedy)).toBe(0);
  expect(budgets.snapshot({ ...greedy, identity: 'session-1', isProven: true })).toBe(0);
  expect(budgets.snapshot(newcomer(peer(LOCAL)))).toBe(0);
});

it('messages that nobody asked for are limited over all connections of one holder', () => {
  const { budgets, peer } = harness(64);
  const talks = (credential: Credential) =>
    Array.from({ length: 5000 }, () => budgets.message(peer(credential))).filter(Boolean).length;
  expect([talks(own('a')), talks(own('b')), talks(SHARED)]).toEqual([1024, 1024, 5000]);
});
