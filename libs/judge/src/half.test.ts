import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from './half.ts';

describe('half precision', () => {
  it('comes back from every finite number, in order', () => {
    let before = -Infinity;
    for (let bits = 0; bits < 0x7c00; bits++) {
      const value = fromHalf(bits);
      expect(value).toBeGreaterThan(before);
      before = value;
      if (toHalf(value) !== bits || toHalf(-value) !== (bits | 0x8000)) throw new Error(`bits ${bits}`);
    }
    expect(fromHalf(0x3c00)).toBe(1);
    expect(fromHalf(0xc000)).toBe(-2);
    expect(fromHalf(0x7bff)).toBe(65504);
    expect(fromHalf(1)).toBe(2 ** -24);
    expect(fromHalf(0x7c00)).toBe(Infinity);
    expect(fromHalf(0x7c01)).toBeNaN();
    expect(toHalf(-0)).toBe(0x8000);
  });

  it('rounds to the nearest, of two to the even one', () => {
    fc.assert(
      fc.property(fc.double({ min: -65504, max: 65504, noNaN: true }), (value) => {
        const bits = toHalf(value);
        const error = Math.abs(fromHalf(bits) - value);
        for (const other of [bits - 1, bits + 1]) {
          if ((other & 0x7fff) >= 0x7c00 || (other & 0x7fff) === 0x7fff) continue;
          const apart = Math.abs(fromHalf(other & 0xffff) - value);
          expect(
            error < apart || (error === apart && bits % 2 === 0) || fromHalf(other & 0xffff) === fromHalf(bits),
          ).toBe(true);
        }
      }),
    );
    expect(toHalf(1 + 2 ** -11)).toBe(0x3c00);
    expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(toHalf(2 - 2 ** -12)).toBe(0x4000);
  });

  it('refuses what it cannot say', () => {
    for (const value of [NaN, Infinity, 65520, -1e9]) expect(() => toHalf(value)).toThrow(RangeError);
  });
});
