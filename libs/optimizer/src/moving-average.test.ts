import { describe, expect, it } from 'vitest';
import { averageDecay } from './moving-average.ts';

const decay = (position: number, samples = 128, halfLife?: number) =>
  averageDecay({ limit: 0.999, halfLife }, { position, samples, steps: position / samples });

describe('the decay of a moving average', () => {
  it('is by steps where no half-life is named', () => {
    expect([0, 128, 128 * 90, 128 * 1e6].map((position) => decay(position))).toEqual([1 / 10, 2 / 11, 91 / 100, 0.999]);
  });

  it('halves what was there in as many images as the half-life has, at every batch size', () => {
    for (const samples of [1, 32, 128, 1000]) {
      const over = decay(1e9, samples, 20_000) ** (20_000 / samples);
      expect(over).toBeCloseTo(0.5, 12);
    }
  });

  it('has a half-life of at most a twentieth of the images so far', () => {
    expect(decay(0, 128, 20_000)).toBe(0);
    expect(decay(25_600, 128, 20_000)).toBeCloseTo(0.5 ** (128 / 1280), 15);
    expect(decay(400_000, 128, 20_000)).toBe(decay(8_000_000, 128, 20_000));
  });

  it('has these bits on every engine', () => {
    const bits = (position: number) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, decay(position, 128, 40_000));
      return view.getBigUint64(0).toString(16);
    };
    expect([128, 12_800, 1_280_000].map(bits)).toEqual(['3eb0000000000008', '3febdb8cdadbe120', '3fefedd985e50219']);
  });
});
