import type { LearningRateSchedule } from '@gradcast/task';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateFactor } from './learning-rate.ts';

const NONE: LearningRateSchedule = { kind: 'constant', warmUp: 0, decayFrom: 0, decayTo: 0, endFactor: 0 };
const at = (schedule: Partial<LearningRateSchedule>, position: number, samples = 2) =>
  rateFactor({ ...NONE, ...schedule }, { position, samples });

describe('the share of the learning rate', () => {
  it('is exactly all of it where nothing is scheduled', () => {
    for (const position of [0, 7, 2 ** 52])
      expect([at({}, position), rateFactor(undefined, { position, samples: 1 })]).toEqual([1, 1]);
  });

  it('rises from 0 over the images of the warm-up, by the middle of each step', () => {
    expect([0, 2, 4, 6, 8, 10].map((position) => at({ warmUp: 8 }, position))).toEqual([
      1 / 8,
      3 / 8,
      5 / 8,
      7 / 8,
      1,
      1,
    ]);
  });

  it('decays in a line to what is to be left, and stays there', () => {
    const line = { kind: 'linear', decayFrom: 10, decayTo: 20, endFactor: 0.5 } as const;
    expect([0, 8, 9, 13, 14, 18, 19, 20, 90].map((position) => at(line, position))).toEqual([
      1, 1, 1, 0.8, 0.75, 0.55, 0.5, 0.5, 0.5,
    ]);
  });

  it('decays along half a cosine', () => {
    const cosine = { kind: 'cosine', decayFrom: 100, decayTo: 1100 } as const;
    for (const position of [0, 99, 149, 349, 599, 849, 1098, 1200]) {
      const done = Math.min(1, Math.max(0, (position + 1 - 100) / 1000));
      expect(at(cosine, position)).toBeCloseTo((1 + Math.cos(Math.PI * done)) / 2, 14);
    }
    expect(at(cosine, 599)).toBe(0.5);
    expect(at({ ...cosine, endFactor: 0.25 }, 2000)).toBe(0.25);
  });

  it('has these bits on every engine', () => {
    const cosine = { kind: 'cosine', warmUp: 1000, decayFrom: 36_000, decayTo: 60_000, endFactor: 0.01 } as const;
    const bits = (position: number) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, at(cosine, position, 128));
      return view.getBigUint64(0).toString(16);
    };
    expect([512, 40_064, 51_200, 59_904].map(bits)).toEqual([
      '3fe26e978d4fdf3b',
      '3fedbe43cff526cd',
      '3fd3314d07009c9c',
      '3f847d2822f3ed1b',
    ]);
  });

  it('multiplies warm-up and decay where they overlap', () => {
    expect(at({ kind: 'linear', warmUp: 100, decayFrom: 0, decayTo: 100 }, 49)).toBe(0.25);
  });

  it('lies in [0, 1], never above 0 where a run has images left, and never rises in a decay', () => {
    const images = fc.integer({ min: 0, max: 2 ** 40 });
    const any = fc.record({
      kind: fc.constantFrom('constant' as const, 'linear' as const, 'cosine' as const),
      warmUp: images,
      decayFrom: images,
      decayTo: images,
      endFactor: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(any, images, fc.integer({ min: 1, max: 2 ** 24 }), (schedule, position, samples) => {
        const factor = rateFactor(schedule, { position, samples });
        const next = rateFactor({ ...schedule, warmUp: 0 }, { position: position + samples, samples });
        expect(factor >= 0 && factor <= 1).toBe(true);
        expect(next).toBeLessThanOrEqual(rateFactor({ ...schedule, warmUp: 0 }, { position, samples }));
        if (position + samples <= schedule.decayTo && schedule.decayFrom < schedule.decayTo)
          expect(factor).toBeGreaterThan(0);
      }),
    );
  });
});
