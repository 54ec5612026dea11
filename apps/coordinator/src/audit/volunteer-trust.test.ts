import { describe, expect, it } from 'vitest';
import { leafPicks } from './audit-picks.ts';
import { MOST_USES, PROVING_LEAVES, VolunteerTrust } from './volunteer-trust.ts';
import type { Piece } from './volunteer-trust.ts';

const leaf = (version: number, start = 0): Piece => ({ version, start, size: 1 });

function harness(rate = 0.1, isPicked = leafPicks('secret')) {
  const trust = new VolunteerTrust({ isPicked, rate });
  /** A result comes: it is checked and found right, or used. @returns whether it was checked. */
  const honest = (session: string, piece: Piece): boolean => {
    const isChecked = trust.isChecked(session, piece);
    if (isChecked) {
      trust.held(session, piece);
      trust.right(session, piece, true);
    } else trust.used(session, piece);
    return isChecked;
  };
  return { trust, honest };
}

/** A volunteer that has proved itself. */
function proven(rate = 0.1, isPicked = leafPicks('secret')) {
  const made = harness(rate, isPicked);
  for (let version = 0; version < PROVING_LEAVES; version++) expect(made.honest('a', leaf(version))).toBe(true);
  return made;
}

describe('what is checked of a volunteer', () => {
  it('is everything until so many leaves were right, however they were cut', () => {
    const { trust } = harness(0, () => false);
    for (let version = 0; version < PROVING_LEAVES / 4; version++) {
      const piece = { version, start: 4, size: 4 };
      expect(trust.isChecked('a', piece)).toBe(true);
      trust.held('a', piece);
      trust.right('a', piece, true);
    }
    expect(trust.isChecked('a', leaf(99))).toBe(false);
    expect(trust.isChecked('b', leaf(99))).toBe(true);
  });

  it('falls with what was found right, down to the rate, whatever is sent', () => {
    const { honest } = proven(0.1);
    const shares: number[] = [];
    let version = PROVING_LEAVES;
    for (let stretch = 0; stretch < 5; stretch++) {
      let checked = 0;
      for (let i = 0; i < 2000; i++) checked += honest('a', leaf(version++)) ? 1 : 0;
      shares.push(checked / 2000);
    }
    expect(shares[0]).toBeGreaterThan(0.2);
    expect(shares[0]).toBeLessThan(0.35);
    expect(shares[4]).toBeGreaterThan(0.08);
    expect(shares[4]).toBeLessThan(0.12);
  });

  it('is the same share of subtrees as of leaves', () => {
    const trust = new VolunteerTrust({ isPicked: leafPicks('secret'), rate: 0.1 });
    trust.right('a', { version: 0, start: 0, size: 4096 }, true);
    const shareOf = (size: number) => {
      let checked = 0;
      for (let version = 0; version < 4000; version++) {
        checked += trust.isChecked('a', { version, start: size, size }) ? 1 : 0;
      }
      return checked / 4000;
    };
    for (const size of [1, 4, 32]) {
      expect(shareOf(size)).toBeGreaterThan(0.08);
      expect(shareOf(size)).toBeLessThan(0.12);
    }
  });

  it('is nothing earned by: being near, or being used', () => {
    const { trust } = harness(0, () => false);
    for (let version = 0; version < 2 * PROVING_LEAVES; version++) {
      trust.held('a', leaf(version));
      trust.right('a', leaf(version), false);
    }
    expect([trust.isChecked('a', leaf(999)), trust.leavesOf('a')]).toEqual([true, { leavesUsed: 0, leavesChecked: 0 }]);
  });

  it('is the next result after so many uses, so that all can be named', () => {
    const { trust, honest } = proven(0, () => false);
    const steps = Array.from({ length: MOST_USES }, (_, i) => 100 + i);
    for (const version of steps) expect(honest('a', leaf(version))).toBe(false);
    expect(trust.isChecked('a', leaf(999))).toBe(true);
    expect(trust.wrong('a')).toEqual(steps.map((version) => leaf(version)));
  });
});

describe('the uses that are named of a volunteer that was found wrong', () => {
  it('are those since the last that was found right', () => {
    const { trust } = proven(0, () => false);
    trust.used('a', leaf(100));
    trust.held('a', leaf(101));
    trust.right('a', leaf(101), true);
    trust.used('a', leaf(102));
    trust.held('a', leaf(103));
    expect(trust.wrong('a')).toEqual([leaf(102)]);
  });

  it('are those that were used while the last right one waited for its check, too', () => {
    const { trust } = proven(0, () => false);
    trust.used('a', leaf(100));
    trust.held('a', leaf(101));
    trust.used('a', leaf(101, 1));
    trust.used('a', leaf(101, 2));
    trust.right('a', leaf(101), true);
    expect(trust.wrong('a')).toEqual([leaf(101, 1), leaf(101, 2)]);
  });

  it('are none of a newcomer, and whoever was wrong begins anew', () => {
    const { trust } = proven();
    expect(trust.wrong('b')).toEqual([]);
    expect(trust.leavesOf('a')).toEqual({ leavesUsed: PROVING_LEAVES, leavesChecked: PROVING_LEAVES });
    trust.wrong('a');
    expect([trust.isChecked('a', leaf(999)), trust.leavesOf('a')]).toEqual([true, { leavesUsed: 0, leavesChecked: 0 }]);
  });
});

it('keeps a bounded number of sessions, those that were heard of last', () => {
  const { trust, honest } = harness();
  for (let i = 0; i < 6000; i++) honest(`session-${i}`, leaf(0));
  expect([trust.size, trust.leavesOf('session-0').leavesUsed, trust.leavesOf('session-5999').leavesUsed]).toEqual([
    4096, 0, 1,
  ]);
});
