import { presets } from '@gradcast/model';
import { describe, expect, it } from 'vitest';
import { referenceNoise, sampleNoise } from './noise.ts';

describe('sampleNoise', () => {
  it('begins the same however many are asked for', () => {
    const few = sampleNoise(presets.mnist, { count: 3, seed: 7 });
    expect(few).toHaveLength(300);
    expect(sampleNoise(presets.mnist, { count: 5, seed: 7 }).subarray(0, 300)).toEqual(few);
    expect(sampleNoise(presets.mnist, { count: 3, seed: 8 })).not.toEqual(few);
  });

  it('has the distribution of the preset', () => {
    const uniform = sampleNoise(presets.classic, { count: 100, seed: 1 });
    expect(uniform.every((value) => value >= -1 && value <= 1)).toBe(true);
    const normal = sampleNoise(presets.mnist, { count: 100, seed: 1 });
    expect(normal.some((value) => value > 2.5)).toBe(true);
  });
});

describe('referenceNoise', () => {
  it('is 512 samples, apart from those that are drawn', () => {
    const reference = referenceNoise(presets.mnist);
    expect(reference).toHaveLength(512 * 100);
    expect(reference).toEqual(referenceNoise(presets.mnist));
    expect(reference.subarray(0, 100)).not.toEqual(sampleNoise(presets.mnist, { count: 1, seed: 0 }));
  });
});
