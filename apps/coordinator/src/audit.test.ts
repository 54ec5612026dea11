import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Audits, isAudited } from './audit.ts';

const subtree = { start: 4, size: 4 };
const testimony = (worker: string, fingerprint: string) => ({ worker, fingerprint, node: Uint8Array.of(1) });

function disputed(): Audits {
  const audits = new Audits();
  audits.begin(subtree, 'p', testimony('a', '1'));
  audits.hear(subtree, testimony('b', '2'));
  return audits;
}

describe('which subtrees are audited', () => {
  it('depends on seed, step and subtree alone', () => {
    const place = fc.record({
      seed: fc.maxSafeNat(),
      step: fc.nat(1e6),
      subtree: fc.record({ start: fc.nat(255), size: fc.constantFrom(1, 2, 4, 8) }),
    });
    fc.assert(
      fc.property(place, fc.double({ min: 0, max: 1, noNaN: true }), (where, rate) => {
        expect(isAudited(where, rate)).toBe(isAudited(structuredClone(where), rate));
        expect([isAudited(where, 0), isAudited(where, 1)]).toEqual([false, true]);
      }),
    );
  });

  it('is the share that was asked for', () => {
    let audited = 0;
    for (let step = 0; step < 500; step++) {
      for (let start = 0; start < 8; start++) {
        if (isAudited({ seed: 9, step, subtree: { start, size: 1 } }, 0.05)) audited += 1;
      }
    }
    expect(audited / 4000).toBeGreaterThan(0.035);
    expect(audited / 4000).toBeLessThan(0.065);
  });

  it('grows with the rate and never loses one', () => {
    for (let step = 0; step < 300; step++) {
      const place = { seed: 9, step, subtree };
      if (isAudited(place, 0.1)) expect(isAudited(place, 0.3)).toBe(true);
    }
  });
});

describe('a case', () => {
  it('holds its leaves until it is ruled', () => {
    const audits = new Audits();
    audits.begin(subtree, 'p', testimony('a', '1'));
    expect([3, 4, 7, 8].map((leaf) => audits.holds(leaf))).toEqual([false, true, true, false]);
    expect(audits.of(subtree)).toMatchObject({ profile: 'p', testimonies: [{ worker: 'a' }] });
    audits.hear(subtree, testimony('b', '1'));
    expect([audits.holds(4), audits.of(subtree), audits.open]).toEqual([false, undefined, []]);
  });

  it('is agreed by two equal answers', () => {
    const audits = new Audits();
    audits.begin(subtree, 'p', testimony('a', '1'));
    expect(audits.hear(subtree, testimony('b', '1'))).toMatchObject({ kind: 'agreed', wrong: [] });
  });

  it.each([
    ['1', ['b']],
    ['2', ['a']],
  ])('in dispute is settled by a third answer', (fingerprint, wrong) => {
    expect(disputed().hear(subtree, testimony('c', fingerprint))).toMatchObject({ kind: 'settled', wrong });
  });

  it('stays in dispute while all differ', () => {
    const audits = disputed();
    expect(audits.hear(subtree, testimony('c', '3'))).toBeUndefined();
    expect(audits.hear(subtree, testimony('d', '3'))).toMatchObject({ kind: 'settled', wrong: ['a', 'b'] });
  });

  it('does not hear one worker twice', () => {
    const audits = new Audits();
    audits.begin(subtree, 'p', testimony('a', '1'));
    expect(audits.hear(subtree, testimony('a', '1'))).toBeUndefined();
    expect(audits.of(subtree)?.testimonies).toHaveLength(1);
  });

  it('that nobody can answer is released with its first answer', () => {
    const audits = disputed();
    expect(audits.release(subtree)).toMatchObject({ kind: 'skipped', wrong: [] });
    expect(audits.release(subtree)).toBeUndefined();
  });
});
