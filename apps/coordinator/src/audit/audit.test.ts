import { describe, expect, it } from 'vitest';
import { Audits, mayConfirm } from './audit.ts';
import type { Party, Testimony } from './audit.ts';

const subtree = { start: 4, size: 4 };
const own = (name: string) => ({ kind: 'own', name, role: 'worker' }) as const;
const trusted = { kind: 'own', name: 'boss', role: 'trusted' } as const;
const shared = { kind: 'shared', name: 'shared', role: 'worker' } as const;

function testimony(worker: string, digest: string, change: Partial<Party> = {}): Testimony {
  const party = { worker, identity: worker, credential: own(worker), profile: 'p', isArbiter: false };
  return { party: { ...party, backend: 'wasm', threads: 1, ...change }, digest, node: Buffer.from(digest) };
}

const arbiter = (digest: string, profile = 'p') => testimony('arbiter', digest, { isArbiter: true, profile });
const names = (wrong: readonly Party[] | undefined) => wrong?.map(({ worker }) => worker);

function opened(
  first: Testimony,
  near: (node: string, reference: string) => boolean = () => false,
  isExact = false,
): Audits {
  const audits = new Audits({
    isNear: (node, reference) => near(Buffer.from(node).toString(), Buffer.from(reference).toString()),
    isExact,
  });
  audits.begin(subtree, first);
  return audits;
}

describe('whether one may confirm another', () => {
  const volunteer = { kind: 'volunteer', name: 'volunteer', role: 'volunteer' } as const;
  const ownVolunteer = { kind: 'own', name: 'v', role: 'volunteer' } as const;

  it.each([
    [own('a'), own('b'), true],
    [own('a'), own('a'), false],
    [shared, shared, false],
    [own('a'), shared, false],
    [shared, trusted, true],
    [trusted, trusted, true],
    [volunteer, volunteer, false],
    [volunteer, ownVolunteer, false],
    [volunteer, own('a'), false],
    [ownVolunteer, own('a'), false],
  ])('%j and %j: %s, either way', (a, b, wanted) => {
    expect([
      mayConfirm({ credential: a }, { credential: b }),
      mayConfirm({ credential: b }, { credential: a }),
    ]).toEqual([wanted, wanted]);
  });

  it.each([volunteer, ownVolunteer])('a trusted one confirms %j, never the other way round', (credential) => {
    expect(mayConfirm({ credential }, { credential: trusted })).toBe(true);
    expect(mayConfirm({ credential: trusted }, { credential })).toBe(false);
  });
});

describe('a case', () => {
  it('holds its leaves until it is ruled', () => {
    const audits = opened(testimony('a', '1'));
    expect([3, 4, 7, 8].map((leaf) => audits.holds(leaf))).toEqual([false, true, true, false]);
    expect(audits.hear(subtree, testimony('b', '1'))).toMatchObject({ kind: 'agreed', wrong: [], exact: true });
    expect([audits.holds(4), audits.of(subtree), audits.open]).toEqual([false, undefined, []]);
  });

  it('is not ended by two that one secret could be', () => {
    const audits = opened(testimony('a', '1', { credential: shared }));
    expect(audits.hear(subtree, testimony('b', '1', { credential: shared }))).toBeUndefined();
    expect(audits.of(subtree)).toMatchObject({ referred: true });
    expect(names(audits.hear(subtree, arbiter('2'))?.wrong)).toEqual(['a', 'b']);
  });

  it.each([
    ['1', ['b'], 'settled'],
    ['2', ['a'], 'settled'],
    ['3', ['a', 'b'], 'settled'],
  ])('in dispute is the arbiter’s alone, whoever else agrees: %s', (digest, wrong, kind) => {
    const audits = opened(testimony('a', '1'));
    expect(audits.hear(subtree, testimony('b', '2'))).toBeUndefined();
    expect(audits.hear(subtree, testimony('c', '2', { credential: trusted }))).toBeUndefined();
    const ruling = audits.hear(subtree, arbiter(digest));
    expect(names(ruling?.wrong.filter(({ worker }) => worker !== 'c'))).toEqual(wrong);
    expect([ruling?.kind, Buffer.from(ruling!.node).toString()]).toEqual([kind, digest]);
  });

  it('of another profile than the arbiter’s is judged by distance, and the arbiter’s value is used', () => {
    const near = (node: string, reference: string) => node === 'near' && reference === 'mine';
    for (const [digest, wrong, kind] of [
      ['near', [], 'confirmed'],
      ['far', ['a'], 'settled'],
    ] as const) {
      const audits = opened(testimony('a', digest, { profile: 'made up' }), near);
      const ruling = audits.hear(subtree, arbiter('mine'));
      expect([names(ruling?.wrong), ruling?.kind, ruling?.exact]).toEqual([wrong, kind, false]);
      expect(Buffer.from(ruling!.node).toString()).toBe('mine');
    }
  });

  it('of the arbiter’s profile is judged by bytes, however near', () => {
    const audits = opened(testimony('a', 'near'), () => true);
    expect(audits.hear(subtree, arbiter('mine'))).toMatchObject({ wrong: [{ worker: 'a' }], exact: true });
  });

  it('does not hear one worker twice', () => {
    const audits = opened(testimony('a', '1', { credential: trusted }));
    expect(audits.hear(subtree, testimony('a', '1', { credential: trusted }))).toBeUndefined();
    expect(audits.of(subtree)?.testimonies).toHaveLength(1);
  });

  it('goes to the arbiter when witnesses were asked in vain', () => {
    const audits = opened(testimony('a', '1'));
    audits.ask(subtree);
    audits.ask(subtree);
    expect(audits.of(subtree)?.referred).toBe(false);
    audits.ask(subtree);
    expect(audits.of(subtree)?.referred).toBe(true);
    expect(audits.hear(subtree, testimony('b', '1'))).toBeUndefined();
  });

  it('tells who was right, and whose value is used', () => {
    const agreed = opened(testimony('a', '1')).hear(subtree, testimony('b', '1'));
    expect([names(agreed?.right), agreed?.used.worker]).toEqual([['a', 'b'], 'a']);
    const audits = opened(testimony('a', '1'));
    audits.hear(subtree, testimony('b', '2'));
    const settled = audits.hear(subtree, arbiter('2'));
    expect([names(settled?.right), settled?.used.worker]).toEqual([['b'], 'b']);
    const refuted = opened(testimony('a', '1')).hear(subtree, arbiter('2'));
    expect([names(refuted?.right), refuted?.used.worker]).toEqual([[], 'arbiter']);
  });

  describe('of a trusted worker in an exact run whose profile no arbiter has', () => {
    const near = (node: string) => node.startsWith('near');
    const gpu = { credential: trusted, profile: 'gpu' };
    const ruling = (answers: string[], change: Partial<Party> = gpu) => {
      const [first, ...rest] = answers.map((digest, i) => testimony(`w${i}`, digest, change));
      const audits = opened(first, near, true);
      for (const each of rest) audits.hear(subtree, each);
      return audits.hear(subtree, arbiter('mine', 'wasm'))!;
    };

    it('keeps its bits if they are near', () => {
      const { node, exact, used } = ruling(['near']);
      expect([Buffer.from(node).toString(), exact, used.worker]).toEqual(['near', true, 'w0']);
    });

    it('is refuted if they are far', () => {
      const { node, exact, wrong } = ruling(['far']);
      expect([Buffer.from(node).toString(), exact, names(wrong)]).toEqual(['mine', false, ['w0']]);
    });

    it('says that a bit depends on who was asked if two are near and differ', () => {
      const { node, exact, wrong } = ruling(['near-1', 'near-2']);
      expect([Buffer.from(node).toString(), exact, wrong]).toEqual(['near-1', false, []]);
    });

    it('is not that of a stranger', () => {
      const { node, exact } = ruling(['near'], { profile: 'gpu' });
      expect([Buffer.from(node).toString(), exact]).toEqual(['mine', false]);
    });
  });
});
