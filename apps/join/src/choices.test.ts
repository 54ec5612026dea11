import { describe, expect, it } from 'vitest';
import { isTooLow } from './battery.ts';
import { lacking, thisBrowser } from './capability.ts';
import { keepChoices, readChoices, usualChoices } from './choices.ts';
import type { Store } from './choices.ts';

function storeOf(text: string | null) {
  const kept = { text };
  const store: Store = { getItem: () => kept.text, setItem: (_, value) => (kept.text = value) };
  return { kept, store };
}

describe('choices', () => {
  it('are half of the cores at first, at least one and few', () => {
    expect([1, 2, 4, 6, 32].map((cores) => usualChoices(cores).workers)).toEqual([1, 1, 2, 3, 4]);
  });

  it('are kept, but for the graphics processor', () => {
    const { store } = storeOf(null);
    keepChoices(store, { workers: 3, share: 0.4, gpu: true, spareBattery: false });
    expect(readChoices(store, 8)).toEqual({ workers: 3, share: 0.4, gpu: false, spareBattery: false });
    expect(readChoices(store, 2).workers).toBe(2);
  });

  it.each([null, '', '{', '7', 'null', '{"workers":0,"share":7,"spareBattery":"no"}', '{"workers":1.5,"share":"1"}'])(
    'are the usual ones in place of %o',
    (text) => expect(readChoices(storeOf(text).store, 4)).toEqual(usualChoices(4)),
  );

  it('need no store that works', () => {
    const refusing: Store = {
      getItem: () => {
        throw new Error('refused');
      },
      setItem: () => {
        throw new Error('full');
      },
    };
    keepChoices(refusing, usualChoices(4));
    keepChoices(undefined, usualChoices(4));
    expect([readChoices(refusing, 4), readChoices(undefined, 4)]).toEqual([usualChoices(4), usualChoices(4)]);
  });
});

describe('a battery', () => {
  it('is too low below 20 %, and until it has 25 % once work is held', () => {
    const held = (level: number, charging: boolean) => [false, true].map((was) => isTooLow({ level, charging }, was));
    expect(held(0.19, false)).toEqual([true, true]);
    expect(held(0.22, false)).toEqual([false, true]);
    expect(held(0.25, false)).toEqual([false, false]);
    expect(held(0.05, true)).toEqual([false, false]);
    expect(isTooLow(undefined, true)).toBe(false);
  });
});

describe('a browser', () => {
  const able = { isSecure: true, hasWorkers: true, hasSimd: true, hasDigests: true };

  it('lacks what it lacks, in one sentence', () => {
    expect(lacking(able)).toBeUndefined();
    const lacks = (change: Partial<typeof able>) => lacking({ ...able, ...change });
    expect(lacks({ isSecure: false, hasDigests: false })).toMatch(/https/);
    expect(lacks({ hasWorkers: false })).toMatch(/Web Workers/);
    expect(lacks({ hasSimd: false })).toMatch(/SIMD/);
    expect(lacks({ hasDigests: false })).toMatch(/Web Crypto/);
  });

  it('is asked for SIMD by a module that is valid with it', () => {
    // Node has it.
    expect(thisBrowser()).toMatchObject({ hasSimd: true, hasDigests: true, isSecure: false });
  });
});
