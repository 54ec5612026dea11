import { describe, expect, it } from 'vitest';
import { interpolate } from './interpolate.ts';

const norm = (values: Float32Array) => Math.hypot(...values);

describe('interpolate', () => {
  it('turns normal noise evenly and keeps its length', () => {
    const [from, to] = [Float32Array.of(2, 0, 0), Float32Array.of(0, 2, 0)];
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const point = interpolate('normal', [from, to], share);
      expect(norm(point)).toBeCloseTo(2, 5);
      expect(Math.atan2(point[1], point[0])).toBeCloseTo((share * Math.PI) / 2, 5);
    }
  });

  it('goes straight through uniform noise, and where there is no angle', () => {
    const [from, to] = [Float32Array.of(1, -1), Float32Array.of(-1, 0.5)];
    expect([...interpolate('uniform', [from, to], 0.5)]).toEqual([0, -0.25]);
    expect([...interpolate('normal', [from, from], 0.3)]).toEqual([...from]);
    expect([...interpolate('normal', [new Float32Array(2), to], 0.5)]).toEqual([-0.5, 0.25]);
  });
});
