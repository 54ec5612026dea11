import { describe, expect, it } from 'vitest';
import { Curve, MOST_POINTS } from './curves.ts';

describe('a curve', () => {
  it('keeps every point of a short run', () => {
    const curve = new Curve();
    for (let step = 1; step <= MOST_POINTS; step++) curve.add(step, 2 * step);
    expect(curve.points).toHaveLength(MOST_POINTS);
    expect(curve.points[9]).toEqual({ step: 10, value: 20 });
  });

  it('has a bounded number of points of a long one, each the mean of its neighbours', () => {
    const curve = new Curve();
    const length = 1_000_000;
    for (let step = 1; step <= length; step++) curve.add(step, step);
    const { points, last } = curve;
    expect(points.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(points.length).toBeGreaterThan(MOST_POINTS / 4);
    expect(last).toEqual({ step: length, value: length });
    let before = 0;
    for (const { step, value } of points) {
      expect(value).toBe((before + 1 + step) / 2);
      before = step;
    }
    expect(before).toBe(length);
  });
});
