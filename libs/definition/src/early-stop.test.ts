import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { awaitedStep, EARLY_STOP_METRICS, earlyStopOf, FIRST_STANDING, isEnough, standingAfter } from './early-stop.ts';
import type { EarlyStopRule, EarlyStopStanding } from './early-stop.ts';

const FRECHET: EarlyStopRule = { metric: 'frechet', patience: 2, minDelta: 0, every: 10 };
const RECALL: EarlyStopRule = { ...FRECHET, metric: 'recall' };

function after(rule: EarlyStopRule, ...values: readonly (number | null)[]): EarlyStopStanding {
  return values.reduce<EarlyStopStanding>(
    (standing, value, i) => standingAfter(rule, standing, { step: (i + 1) * rule.every, value }),
    FIRST_STANDING,
  );
}

/** Evaluations until a run ends. */
function lengthOf(rule: EarlyStopRule, values: readonly (number | null)[]): number {
  const ends = values.findIndex((_, i) => isEnough(rule, after(rule, ...values.slice(0, i + 1))));
  return ends < 0 ? Infinity : ends + 1;
}

describe('early stopping', () => {
  it('ends a run after as many evaluations without a better score as patience allows', () => {
    expect(lengthOf(FRECHET, [50, 40, 41, 42, 30])).toBe(4);
    expect(lengthOf(FRECHET, [50, 40, 41, 39, 40, 38, 37])).toBe(Infinity);
    expect(lengthOf({ ...FRECHET, patience: 1 }, [50, 50])).toBe(2);
    expect(after(FRECHET, 50, 40, 41)).toEqual({ through: 30, best: 40, bestStep: 20, waited: 1 });
  });

  it('knows which way a score is better', () => {
    expect(lengthOf(RECALL, [0.1, 0.2, 0.3, 0.4])).toBe(Infinity);
    expect(lengthOf(FRECHET, [0.1, 0.2, 0.3, 0.4])).toBe(3);
  });

  it('counts a score as better only by more than the least difference', () => {
    const rule = { ...FRECHET, minDelta: 1 };
    expect(after(rule, 50, 49).bestStep).toBe(10);
    expect(after(rule, 50, 48.5).bestStep).toBe(20);
    // Small steps add up: each is held against the best that counted.
    expect(after(rule, 50, 49.4, 48.8).best).toBe(48.8);
  });

  it('takes no score for none that is better', () => {
    expect(lengthOf(FRECHET, [null, null])).toBe(2);
    expect(after(FRECHET, null, 40, null)).toEqual({ through: 30, best: 40, bestStep: 20, waited: 1 });
  });

  it('waits at a version for the last evaluation before it', () => {
    expect([0, 1, 9, 10, 11, 20, 21].map((version) => awaitedStep(10, version))).toEqual([0, 0, 0, 0, 10, 10, 20]);
  });

  it('is off unless a definition names a score and a distance', () => {
    expect(earlyStopOf({})).toBeUndefined();
    expect(earlyStopOf({ earlyStop: 'none', earlyStopEvery: 5 })).toBeUndefined();
    expect(
      earlyStopOf({ earlyStop: 'recall', earlyStopPatience: 2, earlyStopMinDelta: 0.5, earlyStopEvery: 5 }),
    ).toEqual({ metric: 'recall', patience: 2, minDelta: 0.5, every: 5 });
    expect(EARLY_STOP_METRICS[0]).toBe('none');
  });

  it('never ends a run before its patience, nor later than that after its best score', () => {
    const scores = fc.array(fc.option(fc.double({ min: 0, max: 500, noNaN: true })), { maxLength: 40 });
    fc.assert(
      fc.property(
        scores,
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(FRECHET, RECALL),
        (values, patience, kind) => {
          const rule = { ...kind, patience };
          const length = lengthOf(rule, values);
          const seen = values.slice(0, length);
          expect(length).toBeGreaterThanOrEqual(patience);
          const { best, bestStep, waited, through } = after(rule, ...seen);
          expect(through).toBe(seen.length * rule.every);
          expect(waited).toBe(seen.length - bestStep / rule.every);
          if (length < Infinity) expect(waited).toBe(patience);
          const numbers = seen.filter((value) => value !== null);
          if (numbers.length > 0) {
            expect(best).toBe(kind === FRECHET ? Math.min(...numbers) : Math.max(...numbers));
          }
        },
      ),
    );
  });
});
