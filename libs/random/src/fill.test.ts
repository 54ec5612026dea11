import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillNormal, fillUniform, permutation, STREAMS } from './fill.ts';
import { RandomError } from './philox.ts';

const place = { seed: 1234, stream: STREAMS.noise };

function moments(values: Float32Array) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const central = (power: number) => values.reduce((sum, x) => sum + (x - mean) ** power, 0) / values.length;
  return {
    mean,
    variance: central(2),
    skewness: central(3) / central(2) ** 1.5,
    kurtosis: central(4) / central(2) ** 2,
  };
}

describe('fills', () => {
  it.each([
    ['uniform', fillUniform],
    ['normal', fillNormal],
  ])('%s numbers depend on their position alone', (_, fill) => {
    const whole = new Float32Array(200);
    fill(whole, { ...place, position: 2 ** 40 });
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const part = new Float32Array(to - from);
        fill(part, { ...place, position: 2 ** 40 + from });
        expect(part).toEqual(whole.slice(from, to));
      }),
    );
  });

  it('keeps the bits it had', () => {
    const normals = new Float32Array(4);
    fillNormal(normals, { seed: 1, stream: 2, index: 3, position: 4 });
    const uniforms = new Float32Array(4);
    fillUniform(uniforms, { seed: 1, stream: 2, index: 3, position: 4, low: -1, high: 1 });
    expect([...new Uint32Array(normals.buffer)].map((word) => word.toString(16))).toMatchInlineSnapshot(`
      [
        "3f92a2ca",
        "3dd9f38c",
        "bf5207e8",
        "bf9a0024",
      ]
    `);
    expect([...new Uint32Array(uniforms.buffer)].map((word) => word.toString(16))).toMatchInlineSnapshot(`
      [
        "3f3f7f50",
        "3dad9280",
        "bf168930",
        "bf456518",
      ]
    `);
  });

  it('separates seeds, streams and indices', () => {
    const draw = (change: object) => {
      const out = new Float32Array(8);
      fillUniform(out, { ...place, ...change });
      return out.join();
    };
    const drawn = [{}, { seed: 1235 }, { seed: 1234 + 2 ** 32 }, { stream: STREAMS.samples }, { index: 1 }].map(draw);
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(draw({ seed: 1234n })).toBe(drawn[0]);
  });

  it('uniform numbers fill their range evenly', () => {
    const values = new Float32Array(100_000);
    fillUniform(values, { ...place, low: -1, high: 1 });
    const { mean, variance, kurtosis } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(variance).toBeCloseTo(1 / 3, 2);
    expect(kurtosis).toBeCloseTo(1.8, 1);
    expect(values.every((x) => x >= -1 && x < 1)).toBe(true);
    const counts = new Uint32Array(10);
    for (const x of values) counts[Math.floor((x + 1) * 5)]++;
    // Each cell expects 10,000 with a deviation of 95.
    expect(counts.every((count) => Math.abs(count - 10_000) < 500)).toBe(true);
  });

  it('normal numbers have the moments and tails of N(0, 1)', () => {
    const values = new Float32Array(200_000);
    fillNormal(values, place);
    const { mean, variance, skewness, kurtosis } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.015);
    expect(Math.abs(skewness)).toBeLessThan(0.03);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.06);
    const beyond = (limit: number) => values.filter((x) => Math.abs(x) > limit).length / values.length;
    expect(beyond(1.959964)).toBeCloseTo(0.05, 2);
    expect(Math.abs(beyond(3) - 0.0027)).toBeLessThan(0.0006);
  });

  it('a permutation holds each index once and differs from the next', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(1000), (n, index) => {
        const order = permutation(n, { seed: 5, stream: STREAMS.permutation, index });
        expect([...order].sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
      }),
    );
    const first = permutation(60_000, { seed: 5, stream: STREAMS.permutation });
    const second = permutation(60_000, { seed: 5, stream: STREAMS.permutation, index: 1 });
    // Two independent orders agree at one place on average.
    expect(first.filter((value, i) => value === second[i]).length).toBeLessThan(10);
  });

  it('draws the six orders of three equally often', () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 6000; index++) {
      const order = permutation(3, { seed: 9, stream: STREAMS.permutation, index }).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // The expectation is 1,000 with a deviation of 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it.each([
    ['random-position', () => fillNormal(new Float32Array(1), { ...place, position: -1 })],
    ['random-range', () => fillUniform(new Float32Array(1), { ...place, low: 1, high: 0 })],
    ['random-range', () => fillUniform(new Float32Array(1), { ...place, high: Infinity })],
    ['random-range', () => permutation(-1, place)],
    ['random-seed', () => permutation(3, { ...place, seed: NaN })],
  ])('refuses bad input with %s', (code, act) => {
    expect(act).toThrow(RandomError);
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});
