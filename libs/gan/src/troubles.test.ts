import { describe, expect, it } from 'vitest';
import { ganTroubles } from './troubles.ts';

const SAMPLES = 64;
/** Of samples' counts c, each c ln c is rounded up to a multiple of this: entropies come out too small, never too large. */
const UNIT = 0.05;

const pieces = Array.from({ length: SAMPLES + 1 }, (_, c) => (c > 1 ? Math.ceil((c * Math.log(c)) / UNIT) : 0));

/**
 * At most how probable it is that the entropy of the classes of 64 samples is below a bound, if each is of a class with the
 * probability of its share: a sum over all counts, class by class.
 */
function chance(shares: readonly number[], bound: number): number {
  const width = pieces[SAMPLES] + shares.length;
  let sums = table(width);
  sums[0][0] = 1;
  for (const share of shares) {
    const next = table(width);
    // share^c / c!
    const weights = [1];
    for (let c = 1; c <= SAMPLES; c++) weights.push((weights[c - 1] * share) / c);
    sums.forEach((row, used) =>
      row.forEach((weight, sum) => {
        if (weight === 0) return;
        for (let c = 0; used + c <= SAMPLES; c++) next[used + c][sum + pieces[c]] += weight * weights[c];
      }),
    );
    sums = next;
  }
  // Entropy is ln 64 less the mean of ln c over the samples.
  const from = Math.floor((SAMPLES * (Math.log(SAMPLES) - bound)) / UNIT);
  const below = sums[SAMPLES].subarray(from).reduce((sum, weight) => sum + weight, 0);
  return Array.from({ length: SAMPLES }, (_, i) => i + 1).reduce((product, i) => product * i, below);
}

const table = (width: number) => Array.from({ length: SAMPLES + 1 }, () => new Float64Array(width));

const conditions = ganTroubles({ loss: 'sigmoid', measuresFakes: false })
  .filter(({ name }) => name === 'collapse')
  .flatMap(({ conditions }) => conditions)
  .filter(({ signs }) => signs.some(({ of }) => of === 'sample_entropy'));

describe('a collapse by the classes of a grid', () => {
  const bounds = conditions.map(({ signs: [{ bound, ofPeakFrom }] }) =>
    ofPeakFrom === undefined ? bound : bound * Math.log(10),
  );

  it('is nothing that happens by chance, even once', () => {
    expect(bounds).toHaveLength(2);
    const largest = Math.max(...bounds);
    const equal = Array<number>(10).fill(0.1);
    // Shares among 10,000 samples: the preset mnist after two epochs, dcgan after ten minutes.
    const mnist = [0.095, 0.0939, 0.1005, 0.1095, 0.1107, 0.0699, 0.0752, 0.1186, 0.1065, 0.1202];
    const dcgan = [0.0948, 0.0739, 0.1029, 0.1026, 0.0718, 0.0973, 0.073, 0.1234, 0.1193, 0.141];
    expect(chance(equal, largest)).toBeLessThan(3e-15);
    expect(chance(mnist, largest)).toBeLessThan(2e-13);
    expect(chance(dcgan, largest)).toBeLessThan(5e-12);
    // The sum itself: it is below more than its maximum for certain, and 0 if all are of the same class.
    expect(chance(equal, Math.log(10) + 0.1)).toBeCloseTo(1, 9);
    expect(chance([0.5, 0.5], 0.01) / 2 ** -63).toBeCloseTo(1, 6);
  });

  it('is seen where few classes are left', () => {
    // As classic has them after ten minutes.
    const shares = [0.0053, 0.001, 0.0455, 0.6389, 0.004, 0.0556, 0.0029, 0.0066, 0.1698, 0.0704];
    expect(chance(shares, 0.7 * 2.16)).toBeGreaterThan(0.95);
  });
});
