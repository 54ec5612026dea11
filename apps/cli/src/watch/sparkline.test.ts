import { describe, expect, it } from 'vitest';
import { scaleOf, sparkline } from './sparkline.ts';

describe('a sparkline', () => {
  it('has its lowest and highest value at the ends of its scale', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([1, 1], 8)).toBe('▅▅');
    expect(sparkline([], 8)).toBe('');
  });

  it('puts values together where there is no room, and leaves a gap where there is no number', () => {
    expect(sparkline([0, 0, 8, 8], 2)).toBe('▁█');
    expect(sparkline([0, NaN, 8], 3)).toBe('▁ █');
  });

  it('keeps to the scale of others', () => {
    expect(sparkline([5], 1, scaleOf([0, NaN, 10]))).toBe('▅');
    expect(scaleOf([NaN])).toBeUndefined();
  });
});
