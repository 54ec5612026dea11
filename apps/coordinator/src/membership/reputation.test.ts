import { describe, expect, it } from 'vitest';
import { Standings } from './reputation.ts';

function bench() {
  const clock = { now: 0 };
  const standings = new Standings(() => clock.now);
  const good = (times: number) => {
    for (let i = 0; i < times; i++) standings.good('a');
  };
  return { clock, standings, good };
}

describe('offences', () => {
  it.each([
    ['expired', 3],
    ['mismatch', 2],
    ['refused', 1],
    ['audit', 1],
  ] as const)('of kind %s bring a quarantine after %i in a row', (offence, times) => {
    const { standings } = bench();
    for (let i = 1; i < times; i++) expect(standings.offence('a', offence)).toBeUndefined();
    expect(standings.offence('a', offence)).toEqual({ reason: offence, until: 5000, termMs: 5000 });
    expect(standings.quarantineOf('a')?.reason).toBe(offence);
    expect(standings.quarantineOf('b')).toBeUndefined();
  });

  it('are not in a row if a good result lies between', () => {
    const { standings, good } = bench();
    for (let i = 0; i < 10; i++) {
      expect(standings.offence('a', 'expired')).toBeUndefined();
      expect(standings.offence('a', 'expired')).toBeUndefined();
      good(1);
    }
  });

  it('of different kinds do not add up', () => {
    const { standings } = bench();
    expect(standings.offence('a', 'expired')).toBeUndefined();
    expect(standings.offence('a', 'mismatch')).toBeUndefined();
    expect(standings.offence('a', 'expired')).toBeUndefined();
  });
});

describe('a quarantine', () => {
  it('ends with its term', () => {
    const { clock, standings } = bench();
    standings.offence('a', 'audit');
    clock.now = 4999;
    expect(standings.quarantineOf('a')).toBeDefined();
    clock.now = 5000;
    expect(standings.quarantineOf('a')).toBeUndefined();
  });

  it('is doubled by one offence on parole, up to ten minutes', () => {
    const { clock, standings } = bench();
    const terms = Array.from({ length: 10 }, () => {
      const quarantine = standings.offence('a', 'audit')!;
      clock.now = quarantine.until;
      standings.quarantineOf('a');
      return quarantine.termMs / 1000;
    });
    expect(terms).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    clock.now += 1;
    expect(standings.offence('a', 'expired')?.termMs).toBe(600_000);
  });

  it('is forgotten after ten good results', () => {
    const { clock, standings, good } = bench();
    standings.offence('a', 'audit');
    clock.now = 5000;
    standings.quarantineOf('a');
    good(9);
    expect(standings.offence('a', 'expired')?.termMs).toBe(10_000);
    clock.now = 15_000;
    standings.quarantineOf('a');
    good(20);
    expect(standings.offence('a', 'expired')).toBeUndefined();
    expect(standings.offence('a', 'audit')?.termMs).toBe(5000);
  });

  it('is not shortened by this process standing still', () => {
    const { clock, standings } = bench();
    standings.offence('a', 'audit');
    clock.now = 60_000;
    standings.postpone(60_000);
    expect(standings.quarantineOf('a')?.until).toBe(65_000);
  });

  it('follows a session and, to its later ones, the credential of one holder; a name or an address it does not', () => {
    const { standings } = bench();
    const alice = { own: 'alice', shared: ['address:1'] };
    standings.introduce('session-1', alice);
    standings.offence('session-1', 'audit');
    standings.introduce('session-2', alice);
    standings.introduce('session-3', { own: 'bob', shared: ['address:1'] });
    expect(['session-1', 'session-2', 'session-3'].map((each) => standings.quarantineOf(each)?.reason)).toEqual([
      'audit',
      'audit',
      undefined,
    ]);
  });

  it('outlives the flood of names that would push it out', () => {
    const { standings } = bench();
    standings.offence('a', 'audit');
    for (let i = 0; i < 5000; i++) standings.offence(`x${i}`, 'expired');
    expect(standings.quarantineOf('a')).toBeDefined();
  });
});

describe('probation', () => {
  const origin = { shared: ['token:shared', 'address:1'] };
  /** Clean audits until it is over. */
  const lengthOf = (standings: Standings, worker: string) => {
    let audits = 0;
    for (; standings.isOnProbation(worker); audits++) standings.proved(worker);
    return audits;
  };

  it('is not ended by results that nobody checked', () => {
    const { standings } = bench();
    standings.introduce('new', origin);
    for (let i = 0; i < 100; i++) standings.good('new');
    expect(lengthOf(standings, 'new')).toBe(10);
  });

  it('is ten clean audits, and longer for newcomers who share a token or an address with one that did harm', () => {
    const { clock, standings } = bench();
    standings.introduce('first', origin);
    standings.introduce('early', origin);
    expect(lengthOf(standings, 'early')).toBe(10);
    standings.offence('first', 'refused');
    standings.offence('first', 'expired');
    standings.introduce('second', origin);
    expect(lengthOf(standings, 'second')).toBe(20);
    for (let i = 0; i < 20; i++) standings.offence('first', 'refused');
    standings.introduce('third', { shared: ['token:shared', 'address:2'] });
    expect(lengthOf(standings, 'third')).toBe(640);
    clock.now = 60 * 600_000;
    standings.introduce('later', origin);
    expect(lengthOf(standings, 'later')).toBe(10);
  });

  it('never begins again for a session that is established, whatever others do or it does itself', () => {
    const { standings } = bench();
    standings.introduce('good', origin);
    expect(lengthOf(standings, 'good')).toBe(10);
    standings.introduce('bad', origin);
    for (let i = 0; i < 9; i++) standings.offence('bad', 'refused');
    standings.introduce('good', origin);
    expect([standings.isOnProbation('good'), standings.quarantineOf('good')]).toEqual([false, undefined]);
    // What an established one does is not held against newcomers either.
    const { standings: others } = bench();
    others.introduce('good', origin);
    lengthOf(others, 'good');
    others.offence('good', 'audit');
    others.introduce('new', origin);
    expect(lengthOf(others, 'new')).toBe(10);
  });

  it('is not for workers of the same command', () => {
    const { standings } = bench();
    standings.introduce('local', { shared: [] });
    expect(standings.isOnProbation('local')).toBe(false);
  });
});

describe('wrong replicas', () => {
  it('in a row cost growing pauses, up to ten minutes', () => {
    const { standings } = bench();
    const pauses = Array.from({ length: 15 }, () => standings.missed('a') / 1000);
    expect(pauses).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
    expect(standings.pauseOf('a')).toBe(600_000);
    for (let i = 0; i < 10; i++) standings.good('a');
    expect([standings.pauseOf('a'), standings.missed('a')]).toEqual([0, 0]);
  });

  it('are counted for the credential of one holder as well', () => {
    const { standings } = bench();
    standings.introduce('one', { own: 'alice', shared: [] });
    for (let i = 0; i < 5; i++) standings.missed('one');
    standings.introduce('two', { own: 'alice', shared: [] });
    expect(standings.pauseOf('two')).toBe(2000);
  });
});

it('what is remembered is bounded, whoever comes', () => {
  const { standings } = bench();
  standings.introduce('established', { shared: ['address:0'] });
  for (let i = 0; i < 10; i++) standings.proved('established');
  for (let i = 0; i < 6000; i++) {
    standings.introduce(`x${i}`, { own: `owner-${i}`, shared: [`address:${i}`] });
    standings.offence(`x${i}`, 'refused');
    standings.missed(`x${i}`);
  }
  expect(standings.size).toBeLessThanOrEqual(2 * 4096);
});
