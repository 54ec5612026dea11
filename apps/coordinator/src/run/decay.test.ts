import { resolveCoordinator } from '@gradcast/config';
import type { CoordinatorConfig } from '@gradcast/config';
import { EXAMPLE } from '@gradcast/definition/example';
import { builtinTask } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import { decayOf, refuseAverage, standstill } from './decay.ts';

const machine = { environment: {}, cores: 2, hostname: 'host' };
const configOf = (...flags: string[]): CoordinatorConfig => resolveCoordinator(flags, machine).coordinator;
/** Of 100 steps of 128 images. */
const decay = (flags: string[], recipe = {}) =>
  decayOf({ config: configOf(...flags), task: { recipe }, totalSteps: 100 });

describe('where the learning rate decays', () => {
  it('is nowhere where it is constant', () => {
    expect(decay([], { decayShare: 0.4 })).toEqual({ decayFromImages: 0, decayToImages: 0 });
  });

  it("follows from the length of the run and the preset's share of it", () => {
    const linear = ['--lr-schedule', 'linear'];
    expect(decay(linear)).toEqual({ decayFromImages: 0, decayToImages: 12_800 });
    expect(decay(linear, { decayShare: 0.25 })).toEqual({ decayFromImages: 9600, decayToImages: 12_800 });
  });

  it('is what somebody says, as far as it is said', () => {
    const cosine = ['--lr-schedule', 'cosine'];
    const from = ['--decay-from-images', '500'];
    const to = ['--decay-to-images', '2000'];
    expect(decay([...cosine, ...from, ...to])).toEqual({ decayFromImages: 500, decayToImages: 2000 });
    expect(decay([...cosine, ...from])).toEqual({ decayFromImages: 500, decayToImages: 12_800 });
    expect(decay([...cosine, ...to], { decayShare: 0.5 })).toEqual({ decayFromImages: 1000, decayToImages: 2000 });
  });

  it('cannot begin behind the end of the run', () => {
    for (const images of ['12800', '20000']) {
      const flags = ['--lr-schedule', 'linear', '--decay-from-images', images];
      expect(() => decay(flags)).toThrow(expect.objectContaining({ code: 'decay-range', exitCode: 2 }));
    }
  });
});

describe('a run that goes on behind its learning rate', () => {
  const linear = { ...EXAMPLE, lrSchedule: 'linear', decayFromImages: 0, decayToImages: 12_800 } as const;

  it('is told so, if nothing is left of it', () => {
    expect(standstill(linear, 101)).toBe(
      'the learning rate of this run is 0 from image 12800 on, so the last 128 of its 12928 change nothing; a new run of ' +
        'that length has a schedule of its own',
    );
  });

  it('is not if it ends in time, keeps some of it, or has a constant one', () => {
    expect(standstill(linear, 100)).toBeUndefined();
    expect(standstill({ ...linear, lrEndFactor: 0.1 }, 101)).toBeUndefined();
    expect(standstill(EXAMPLE, 1e6)).toBeUndefined();
  });
});

describe('a half-life of the moving average', () => {
  it('is refused for a task that keeps none', () => {
    const task = (preset: string) => builtinTask({ preset, task: null })!;
    const images = configOf('--average-images', '1000');
    expect(() => refuseAverage(images, task('mnist'))).not.toThrow();
    expect(() => refuseAverage(configOf('--preset', 'classic'), task('classic'))).not.toThrow();
    expect(() => refuseAverage(images, task('classic'))).toThrow('classic keeps no moving average');
  });
});
