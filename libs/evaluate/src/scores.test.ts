import { fillNormal } from '@gradcast/random';
import { describe, expect, it } from 'vitest';
import { RealImages, type Judged } from './scores.ts';

const DIMENSIONS = 6;
const CLASSES = 3;

/** Three clusters, one a class. */
function judged(
  count: number,
  { seed, shift = 0, classes = CLASSES }: { seed: number; shift?: number; classes?: number },
) {
  const features = new Float32Array(count * DIMENSIONS);
  fillNormal(features, { seed, stream: 4 });
  const scores = new Float32Array(count * CLASSES);
  for (let i = 0; i < count; i++) {
    const label = i % classes;
    features[i * DIMENSIONS + label] += 8;
    scores[i * CLASSES + label] = 6;
  }
  return { features: features.map((value) => value + shift), scores } satisfies Judged;
}

const test = judged(600, { seed: 1 });
const training = judged(900, { seed: 2 });
const real = new RealImages({ test, training, dimensions: DIMENSIONS, classes: CLASSES });

describe('RealImages', () => {
  const floor = real.floor(600);

  it('scores samples of the same distribution as real images', () => {
    const scores = real.scoresOf(judged(600, { seed: 3 }));
    expect(scores.frechet).toBeLessThan(2 * floor.frechet + 0.1);
    expect(scores.precision).toBeGreaterThan(0.9 * floor.precision);
    expect(scores.recall).toBeGreaterThan(0.9 * floor.recall);
    expect(Math.abs(scores.nearestRatio / floor.nearestRatio - 1)).toBeLessThan(0.1);
    expect(scores.shares).toEqual([1 / 3, 1 / 3, 1 / 3]);
    expect(floor.entropy).toBeCloseTo(Math.log(3), 12);
  });

  it('scores a shift, a missing class and copies each where it shows', () => {
    const shifted = real.scoresOf(judged(600, { seed: 3, shift: 3 }));
    expect(shifted.frechet).toBeGreaterThan(30);
    expect(shifted.precision).toBeLessThan(0.1);
    const missing = real.scoresOf(judged(600, { seed: 3, classes: 2 }));
    expect(missing.entropy).toBeCloseTo(Math.LN2, 12);
    expect(missing.recall).toBeLessThan(0.8 * floor.recall);
    expect(missing.precision).toBeGreaterThan(0.9 * floor.precision);
    const copies = real.scoresOf({
      features: training.features.slice(0, 3600),
      scores: training.scores.slice(0, 1800),
    });
    expect(copies.nearestTraining).toBe(0);
    expect(copies.nearestRatio).toBe(0);
    expect(floor.nearestRatio).toBeGreaterThan(0.5);
  });

  it('gives the same numbers each time, to the last bit', () => {
    const samples = judged(300, { seed: 5 });
    const again = new RealImages({ test, training, dimensions: DIMENSIONS, classes: CLASSES });
    expect(again.scoresOf(samples)).toEqual(real.scoresOf(samples));
  });

  it('refuses features that are not its own', () => {
    expect(() => real.scoresOf({ features: new Float32Array(7), scores: new Float32Array(3) })).toThrow(RangeError);
  });
});
