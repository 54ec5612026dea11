import { describe, expect, it } from 'vitest';
import { multiplyHigh, Philox, philox4x32, RandomError } from './philox.ts';

/** From `kat_vectors` of the Random123 distribution, rows `philox4x32 10`. */
const KNOWN_ANSWERS = [
  { counter: [0, 0, 0, 0], key: [0, 0], answer: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    answer: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    answer: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

describe('Philox', () => {
  it.each(KNOWN_ANSWERS)('gives the published block for $counter', ({ counter, key, answer }) => {
    const out = new Uint32Array(4);
    philox4x32(Uint32Array.from(counter), Uint32Array.from(key), out);
    expect([...out]).toEqual(answer);
  });

  it('takes the seed as key, and stream and index as upper counter words', () => {
    const out = new Uint32Array(4);
    philox4x32(Uint32Array.of(5, 1, 7, 9), Uint32Array.of(3, 2), out);
    expect(new Philox(2 * 2 ** 32 + 3, 7, 9).u32x4(2 ** 32 + 5)).toEqual(out);
    expect(new Philox(2n * 2n ** 32n + 3n, 7, 9).u32x4(2 ** 32 + 5)).toEqual(out);
  });

  it('multiplies to 64 bits', () => {
    for (const a of [0, 1, 0xffff, 0x10000, 0x9e3779b9, 0xffffffff]) {
      for (const b of [0, 1, 0xffff, 0x10001, 0xd2511f53, 0xffffffff]) {
        expect(multiplyHigh(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
      }
    }
  });

  it.each([
    ['random-seed', () => new Philox(-1, 0)],
    ['random-seed', () => new Philox(2 ** 53, 0)],
    ['random-seed', () => new Philox(0.5, 0)],
    ['random-stream', () => new Philox(0, 2 ** 32)],
    ['random-index', () => new Philox(0, 0, -1)],
    ['random-position', () => new Philox(0, 0).u32x4(-1)],
  ])('refuses a value outside its range with %s', (code, act) => {
    expect(act).toThrow(RandomError);
    expect(act).toThrow(expect.objectContaining({ code, name: 'RandomError' }));
  });
});
