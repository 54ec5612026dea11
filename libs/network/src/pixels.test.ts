import { describe, expect, it } from 'vitest';
import { fromPixels, toPixels } from './pixels.ts';

const all = Uint8Array.from({ length: 256 }, (_, x) => x);

describe('pixels', () => {
  it('span the range', () => {
    expect([...fromPixels(Uint8Array.of(0, 51, 255), 'unit')]).toEqual([0, Math.fround(0.2), 1]);
    expect([...fromPixels(Uint8Array.of(0, 255), 'symmetric')]).toEqual([-1, 1]);
    expect(fromPixels(Uint8Array.of(128), 'symmetric')[0]).toBe(Math.fround(128 / 127.5 - 1));
  });

  it.each(['unit', 'symmetric'] as const)('come back from %s', (range) => {
    expect(toPixels(fromPixels(all, range), range)).toEqual(all);
  });

  it('are clamped, and NaN is black', () => {
    expect([...toPixels(Float32Array.of(-2, 2, NaN, 0.5), 'unit')]).toEqual([0, 255, 0, 128]);
    expect([...toPixels(Float32Array.of(-1.5, 1.5, 0), 'symmetric')]).toEqual([0, 255, 128]);
  });
});
