import { describe, expect, it } from 'vitest';
import { Reputations } from './reputation.ts';

function harness() {
  const clock = { now: 0 };
  const reputations = new Reputations(() => clock.now);
  const good = (times: number) => {
    for (let i = 0; i < times; i++) reputations.good('a');
  };
  return { clock, reputations, good };
}

describe('offences', () => {
  it.each([
    ['expired', 3],
    ['mismatch', 2],
    ['refused', 1],
    ['audit', 1],
  ] as const)('of kind %s bring a quarantine after %i in a row', (offence, times) => {
    const { reputations } = harness();
    for (let i = 1; i < times; i++) expect(reputations.offence('a', offence)).toBeUndefined();
    expect(reputations.offence('a', offence)).toEqual({ reason: offence, until: 5000, termMs: 5000 });
    expect(reputations.quarantineOf('a')?.reason).toBe(offence);
    expect(reputations.quarantineOf('b')).toBeUndefined();
  });

  it('are not in a row if a good result lies between', () => {
    const { reputations, good } = harness();
    for (let i = 0; i < 10; i++) {
      expect(reputations.offence('a', 'expired')).toBeUndefined();
      expect(reputations.offence('a', 'expired')).toBeUndefined();
      good(1);
    }
  });

  it('of different kinds do not add up', () => {
    const { reputations } = harness();
    expect(reputations.offence('a', 'expired')).toBeUndefined();
    expect(reputations.offence('a', 'mismatch')).toBeUndefined();
    expect(reputations.offence('a', 'expired')).toBeUndefined();
  });
});

describe('a quarantine', () => {
  it('ends with its term', () => {
    const { clock, reputations } = harness();
    reputations.offence('a', 'audit');
    clock.now = 4999;
    expect(reputations.quarantineOf('a')).toBeDefined();
    clock.now = 5000;
    expect(reputations.quarantineOf('a')).toBeUndefined();
  });

  it('is doubled by one offence on parole, up to ten minutes', () => {
    const { clock, reputations } = harness();
    const terms = Array.from({ length: 10 }, () => {
      const quarantine = reputations.offence('a', 'audit')!;
      clock.now = quarantine.until;
      reputations.quarantineOf('a');
      return quarantine.termMs / 1000;
    });
    expect(terms).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    clock.now += 1;
    expect(reputations.offence('a', 'expired')?.termMs).toBe(600_000);
  });

  it('is forgotten after ten good results', () => {
    const { clock, reputations, good } = harness();
    reputations.offence('a', 'audit');
    clock.now = 5000;
    reputations.quarantineOf('a');
    good(9);
    expect(reputations.offence('a', 'expired')?.termMs).toBe(10_000);
    clock.now = 15_000;
    reputations.quarantineOf('a');
    good(20);
    expect(reputations.offence('a', 'expired')).toBeUndefined();
    expect(reputations.offence('a', 'audit')?.termMs).toBe(5000);
  });

  it('is not shortened by this process standing still', () => {
    const { clock, reputations } = harness();
    reputations.offence('a', 'audit');
    clock.now = 60_000;
    reputations.postpone(60_000);
    expect(reputations.quarantineOf('a')?.until).toBe(65_000);
  });

  it('follows a session and, to its later ones, the credential of one holder; a name or an address it does not', () => {
    const { reputations } = harness();
    const alice = { own: 'alice', shared: ['address:1'] };
    reputations.introduce('session-1', alice);
    reputations.offence('session-1', 'audit');
    reputations.introduce('session-2', alice);
    reputations.introduce('session-3', { own: 'bob', shared: ['address:1'] });
    expect(['session-1', 'session-2', 'session-3'].map((each) => reputations.quarantineOf(each)?.reason)).toEqual([
      'audit',
      'audit',
      undefined,
    ]);
  });

  it('outlives the flood of names that would push it out', () => {
    const { reputations } = harness();
    reputations.offence('a', 'audit');
    for (let i = 0; i < 5000; i++) reputations.offence(`x${i}`, 'expired');
    expect(reputations.quarantineOf('a')).toBeDefined();
  });
});

describe('probation', () => {
  const origin = { shared: ['token:shared', 'address:1'] };
  /** Clean audits until it is over. */
  const lengthOf = (reputations: Reputations, worker: string) => {
    let audits = 0;
    for (; reputations.isOnProbation(worker); audits++) reputations.proved(worker);
    return audits;
  };

  it('is not ended by results that nobody checked', () => {
    const { reputations } = harness();
    reputations.introduce('new', origin);
    for (let i = 0; i < 100; i++) reputations.good('new');
    expect(lengthOf(reputations, 'new')).toBe(10);
  });

  it('is ten clean audits, and longer for newcomers who share a token or an address with one that did harm', () => {
    const { clock, reputations } = harness();
    reputations.introduce('first', origin);
    reputations.introduce('early', origin);
    expect(lengthOf(reputations, 'early')).toBe(10);
    reputations.offence('first', 'refused');
    reputations.offence('first', 'expired');
    reputations.introduce('second', origin);
    expect(lengthOf(reputations, 'second')).toBe(20);
    for (let i = 0; i < 20; i++) reputations.offence('first', 'refused');
    reputations.introduce('third', { shared: ['token:shared', 'address:2'] });
    expect(lengthOf(reputations, 'third')).toBe(640);
    clock.now = 60 * 600_000;
    reputations.introduce('later', origin);
    expect(lengthOf(reputations, 'later')).toBe(10);
  });

  it('never begins again for a session that is established, whatever others do or it does itself', () => {
    const { reputations } = harness();
    reputations.introduce('good', origin);
    expect(lengthOf(reputations, 'good')).toBe(10);
    reputations.introduce('bad', origin);
    for (let i = 0; i < 9; i++) reputations.offence('bad', 'refused');
    reputations.introduce('good', origin);
    expect([reputations.isOnProbation('good'), reputations.quarantineOf('good')]).toEqual([false, undefined]);
    // What an established one does is not held against newcomers either.
    const { reputations: others } = harness();
    others.introduce('good', origin);
    lengthOf(others, 'good');
    others.offence('good', 'audit');
    others.introduce('new', origin);
    expect(lengthOf(others, 'new')).toBe(10);
  });

  it('is not for workers of the same command', () => {
    const { reputations } = harness();
    reputations.introduce('local', { shared: [] });
    expect(reputations.isOnProbation('local')).toBe(false);
  });
});

describe('wrong replicas', () => {
  it('in a row cost growing pauses, up to ten minutes', () => {
    const { reputations } = harness();
    const pauses = Array.from({ length: 15 }, () => reputations.missed('a') / 1000);
    expect(pauses).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
    expect(reputations.pauseOf('a')).toBe(600_000);
    for (let i = 0; i < 10; i++) reputations.good('a');
    expect([reputations.pauseOf('a'), reputations.missed('a')]).toEqual([0, 0]);
  });

  it('are counted for the credential of one holder as well', () => {
    const { reputations } = harness();
    reputations.introduce('one', { own: 'alice', shared: [] });
    for (let i = 0; i < 5; i++) reputations.missed('one');
    reputations.introduce('two', { own: 'alice', shared: [] });
    expect(reputations.pauseOf('two')).toBe(2000);
  });
});

it('what is remembered is bounded, whoever comes', () => {
  const { reputations } = harness();
  reputations.introduce('established', { shared: ['address:0'] });
  for (let i = 0; i < 10; i++) reputations.proved('established');
  for (let i = 0; i < 6000; i++) {
    reputations.introduce(`x${i}`, { own: `owner-${i}`, shared: [`address:${i}`] });
    reputations.offence(`x${i}`, 'refused');
    reputations.missed(`x${i}`);
  }
  expect(reputations.size).toBeLessThanOrEqual(2 * 4096);
});
