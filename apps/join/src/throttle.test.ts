import { describe, expect, it } from 'vitest';
import { Throttle } from './throttle.ts';

describe('a throttle', () => {
  it('rests never at the whole of a core', () => {
    const throttle = new Throttle();
    throttle.worked(200, 1000);
    expect(throttle.restMs(1000)).toBe(0);
  });

  it.each([
    [0.5, 200, 200],
    [0.25, 200, 600],
    [0.1, 200, 1800],
    [0.1, 5000, 10_000],
  ])('at a share of %d rests after %d ms of work for %d ms', (share, computeMs, restMs) => {
    const throttle = new Throttle();
    throttle.share = share;
    throttle.worked(computeMs, 1000);
    expect(throttle.restMs(1000)).toBeCloseTo(restMs, 6);
  });

  it('says whether it ever rests', () => {
    const throttle = new Throttle();
    expect(throttle.isLimited).toBe(false);
    throttle.share = 0.5;
    expect(throttle.isLimited).toBe(true);
  });

  it('counts what was waited for anyway as rest', () => {
    const throttle = new Throttle();
    throttle.share = 0.5;
    throttle.worked(200, 1000);
    expect([1150, 1200, 5000].map((now) => throttle.restMs(now))).toEqual([50, 0, 0]);
  });

  it('forgives what was computed under another share, and takes no share that is none', () => {
    const throttle = new Throttle();
    throttle.share = 0.1;
    throttle.worked(200, 1000);
    throttle.share = 1;
    expect(throttle.restMs(1000)).toBe(0);
    for (const share of [0, -1, 2, NaN]) throttle.share = share;
    throttle.worked(200, 2000);
    expect(throttle.restMs(2000)).toBe(0);
  });
});
