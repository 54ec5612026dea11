import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosineOfTurn, exp, inverseNormal, log, log1p } from './elementary.ts';

/** Distance in units of the expected value's last place. */
function ulps(actual: number, expected: number): number {
  if (actual === expected) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(expected)));
  return Math.abs(actual - expected) / 2 ** Math.max(exponent - 52, -1074);
}

/** Python's `statistics.NormalDist().inv_cdf`. */
const QUANTILES = [
  [1.1641532182693481e-10, -6.337957754553789],
  [1e-9, -5.9978070150076865],
  [1e-6, -4.753424308822899],
  [0.001, -3.090232306167813],
  [0.02, -2.0537489106318225],
  [0.07, -1.4757910281791702],
  [0.0750001, -1.4395307645017297],
  [0.3, -0.5244005127080407],
  [0.5, 0],
  [0.6, 0.2533471031357998],
  [0.925, 1.439531470938456],
  [0.93, 1.4757910281791708],
  [0.999, 3.090232306167813],
  [0.9999999998835847, 6.337957754553789],
];

describe('elementary functions', () => {
  it('log lies within two units in the last place of the engine', () => {
    const positive = fc.double({ min: 0, minExcluded: true, noNaN: true, noDefaultInfinity: true });
    fc.assert(fc.property(positive, (x) => ulps(log(x), Math.log(x)) <= 2));
    fc.assert(fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => ulps(log(x), Math.log(x)) <= 2));
  });

  it('exp lies within two units in the last place of the engine', () => {
    fc.assert(fc.property(fc.double({ min: -700, max: 709.7, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 2));
    fc.assert(fc.property(fc.double({ min: -745, max: -700, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 2));
  });

  it('log1p keeps small arguments', () => {
    fc.assert(fc.property(fc.double({ min: -0.5, max: 1, noNaN: true }), (x) => ulps(log1p(x), Math.log1p(x)) <= 4));
    expect(log1p(1e-300)).toBe(1e-300);
  });

  it('the cosine of parts of a turn lies within a few units of double precision of the engine', () => {
    const parts = fc.record({ k: fc.integer({ min: -5000, max: 5000 }), n: fc.integer({ min: 1, max: 2000 }) });
    fc.assert(
      fc.property(parts, ({ k, n }) => {
        expect(Math.abs(cosineOfTurn(k, n) - Math.cos((2 * Math.PI * (k % n)) / n))).toBeLessThan(2e-15);
        expect(cosineOfTurn(k + n, n)).toBe(cosineOfTurn(k, n));
        expect(cosineOfTurn(-k, n)).toBe(cosineOfTurn(k, n));
      }),
    );
    expect([0, 1, 2, 3, 4].map((k) => cosineOfTurn(k, 4))).toEqual([1, 0, -1, 0, 1]);
  });

  it('knows the edges', () => {
    expect([log(0), log(1), log(Infinity)]).toEqual([-Infinity, 0, Infinity]);
    expect([log(-1), log(NaN), exp(NaN), log1p(-2)]).toEqual([NaN, NaN, NaN, NaN]);
    expect([exp(0), exp(-Infinity), exp(-746), exp(710), exp(Infinity)]).toEqual([1, 0, 0, Infinity, Infinity]);
    expect([log1p(0), log1p(-1), log1p(Infinity)]).toEqual([0, -Infinity, Infinity]);
    expect(exp(709.782712893384)).toBeGreaterThan(1.797e308);
    expect(log(5e-324)).toBeCloseTo(-744.4400719213812, 12);
  });

  it.each(QUANTILES)('the normal quantile of %d is %d', (p, quantile) => {
    expect(ulps(inverseNormal(p), quantile)).toBeLessThanOrEqual(8);
  });

  it('the normal quantile is odd and ends in infinities', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        (n) => inverseNormal(n / 2 ** 32) === -inverseNormal(1 - n / 2 ** 32),
      ),
    );
    expect([inverseNormal(0), inverseNormal(1), inverseNormal(2), inverseNormal(NaN)]).toEqual([
      -Infinity,
      Infinity,
      NaN,
      NaN,
    ]);
  });
});
