import { describe, expect, it } from 'vitest';
import { Standings } from './standing.ts';

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

  it('outlives the flood of names that would push it out', () => {
    const { standings } = bench();
    standings.offence('a', 'audit');
    for (let i = 0; i < 5000; i++) standings.offence(`x${i}`, 'expired');
    expect(standings.quarantineOf('a')).toBeDefined();
  });
});
