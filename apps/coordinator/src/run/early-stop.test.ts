import type { Quality } from '@gradcast/config';
import type { EarlyStopRule } from '@gradcast/definition';
import type { EvaluatedLine } from '@gradcast/ledger';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EarlyStop, earlyStopSentence, missingStep, NOTHING_REMEMBERED, remembered } from './early-stop.ts';
import type { EarlyStopOptions, Remembered } from './early-stop.ts';

const RULE: EarlyStopRule = { metric: 'frechet', patience: 2, minDelta: 0, every: 10 };
const weights = () => new Float32Array(1);
const soon = () => new Promise((resolve) => setImmediate(resolve));

function setUp(options: Partial<EarlyStopOptions> = {}) {
  const asked: { step: number; answer: (frechet: number | Error) => void }[] = [];
  const told: Omit<EvaluatedLine, 'kind'>[] = [];
  const impossible: string[] = [];
  const early = new EarlyStop({
    rule: RULE,
    remembered: NOTHING_REMEMBERED,
    scoresOf: (step) =>
      new Promise((resolve, reject) => {
        const answer = (frechet: number | Error) =>
          frechet instanceof Error ? reject(frechet) : resolve({ step, frechet, heldOut: {} } as unknown as Quality);
        asked.push({ step, answer });
      }),
    save: () => Promise.resolve(true),
    onVerdict: (line) => void told.push(line),
    onImpossible: (sentence) => void impossible.push(sentence),
    ...options,
  });
  const answer = async (step: number, frechet: number | Error) => {
    asked.find((each) => each.step === step)!.answer(frechet);
    await soon();
  };
  return { early, asked, told, impossible, answer };
}

describe('EarlyStop', () => {
  it('has every k-th version scored, and lets it take effect k steps later', async () => {
    const { early, asked, told, answer } = setUp();
    expect(await early.at(0, weights)).toBe('goes-on');
    expect(await early.at(7, weights)).toBe('goes-on');
    expect(asked).toEqual([]);
    expect(await early.at(10, weights)).toBe('goes-on');
    await answer(10, 50);
    expect(told).toEqual([]);
    expect(await early.at(20, weights)).toBe('goes-on');
    const line = {
      step: 10,
      at: 20,
      metric: 'frechet',
      value: 50,
      best: 50,
      bestStep: 10,
      waited: 0,
      verdict: 'goes-on',
    };
    expect(told).toEqual([line]);
    expect(asked.map(({ step }) => step)).toEqual([10, 20]);
  });

  it('waits for a score that is late, and begins the next evaluation only then', async () => {
    const { early, asked, answer } = setUp();
    await early.at(10, weights);
    expect([11, 20, 21].map((version) => early.mayOpen(version))).toEqual([true, false, true]);
    let verdict = '';
    const waiting = early.at(20, weights).then((each) => (verdict = each));
    await soon();
    expect([verdict, asked.length]).toEqual(['', 1]);
    await answer(10, 50);
    expect(early.mayOpen(20)).toBe(true);
    expect(await waiting).toBe('goes-on');
    expect(asked).toHaveLength(2);
    // Asking again, after a pause, begins nothing.
    expect(await early.at(20, weights)).toBe('goes-on');
    expect(asked).toHaveLength(2);
  });

  it('ends the run at the step where patience is over, and opens no step ahead there', async () => {
    const { early, told, answer } = setUp();
    for (const [version, frechet] of [
      [10, 50],
      [20, 60],
      [30, 55],
    ]) {
      expect(await early.at(version, weights)).toBe('goes-on');
      await answer(version, frechet);
    }
    expect(early.mayOpen(40)).toBe(false);
    expect(await early.at(40, weights)).toBe('enough');
    expect(told.at(-1)).toMatchObject({ step: 30, at: 40, best: 50, bestStep: 10, waited: 2, verdict: 'ends' });
    expect(earlyStopSentence(RULE, early.standing)).toBe(
      'the run ends early: frechet has not become better in the last 2 evaluations; it was best after step 10, 50',
    );
  });

  it('has a checkpoint of the step before its evaluation, or waits for the score', async () => {
    const saves: ((safe: boolean) => void)[] = [];
    const { early, asked, answer } = setUp({ save: () => new Promise((resolve) => saves.push(resolve)) });
    const safe = early.at(10, weights);
    await soon();
    expect(asked).toHaveLength(0);
    saves[0](true);
    expect(await safe).toBe('goes-on');
    await answer(10, 50);
    let verdict = '';
    const unsafe = early.at(20, weights).then((each) => (verdict = each));
    await soon();
    saves[1](false);
    await soon();
    expect([asked.length, verdict]).toEqual([2, '']);
    await answer(20, 40);
    expect(await unsafe).toBe('goes-on');
    expect(early.memory.known).toEqual({ step: 20, value: 40 });
  });

  it('gives no verdict without a score, and says so once', async () => {
    const { early, impossible, answer } = setUp();
    await early.at(10, weights);
    const verdict = early.at(20, weights);
    await answer(10, new Error('the thread ended'));
    expect(await verdict).toBe('held');
    expect(impossible).toEqual([
      '--early-stop needs the score of step 10, which cannot be computed: the thread ended; a resume tries again',
    ]);
  });

  it('says nothing more once it is closed', async () => {
    const { early, impossible, told, answer } = setUp();
    await early.at(10, weights);
    const verdict = early.at(20, weights);
    early.close();
    await answer(10, new Error('the thread ended'));
    expect([await verdict, impossible, told]).toEqual(['held', [], []]);
  });

  it('takes a score that is no number for none', async () => {
    const { early, answer } = setUp();
    await early.at(10, weights);
    await answer(10, NaN);
    await early.at(20, weights);
    expect(early.standing).toEqual({ through: 10, best: null, bestStep: 0, waited: 1 });
    expect(earlyStopSentence(RULE, early.standing)).toBe('the run ends early: the last evaluation gave no frechet');
  });
});

describe('a run that is taken up', () => {
  const standing = { through: 10, best: 50, bestStep: 10, waited: 0 };

  it('lacks the score of the last evaluation before it, unless its checkpoint has it', () => {
    const at = (version: number, known: Remembered['known'] = null) => missingStep(RULE, version, { standing, known });
    expect([5, 10, 11, 20, 21, 29, 30, 31].map((version) => at(version))).toEqual([0, 0, 0, 0, 20, 20, 20, 30]);
    expect(at(25, { step: 20, value: 3 })).toBe(0);
    expect(missingStep(RULE, 10, NOTHING_REMEMBERED)).toBe(0);
  });

  it('has it scored at once, and goes on where it was', async () => {
    const { early, asked, answer } = setUp({
      remembered: { standing, known: null },
      missing: { step: 20, weights: weights() },
    });
    early.begin();
    expect(asked.map(({ step }) => step)).toEqual([20]);
    await answer(20, 60);
    expect(await early.at(30, weights)).toBe('goes-on');
    expect(early.standing).toEqual({ through: 20, best: 50, bestStep: 10, waited: 1 });
  });

  it('has a verdict that was taken already no second time', async () => {
    const { early, told, asked } = setUp({ remembered: { standing: { ...standing, waited: 2 }, known: null } });
    expect(await early.at(20, weights)).toBe('enough');
    expect([told, asked]).toEqual([[], []]);
  });

  it('ends where it would have ended, wherever it was interrupted and however late its scores were', async () => {
    /** Runs to the end of 20 evaluations; `cuts` are versions at which it is killed and taken up from what a checkpoint has. */
    const endOf = async (scores: readonly number[], cuts: ReadonlySet<number>, isLate: (step: number) => boolean) => {
      let memory = NOTHING_REMEMBERED;
      const lines: unknown[] = [];
      const open = (version: number) => {
        const step = missingStep(RULE, version, memory);
        const missing = step > 0 ? { step, weights: weights() } : undefined;
        const made = setUp({ remembered: memory, missing, onVerdict: (line) => void lines.push(line) });
        made.early.begin();
        return made;
      };
      let run = open(0);
      for (let version = 0; version < 200; version++) {
        const verdict = run.early.at(version, weights);
        const answerAll = () => {
          for (const { step, answer } of run.asked.splice(0)) answer(scores[step / 10 - 1]);
        };
        // What is late comes when it is waited for, what is early before the next step.
        answerAll();
        if ((await verdict) === 'enough') return { version, lines };
        if (!isLate(version)) {
          answerAll();
          await soon();
        }
        if (!cuts.has(version + 1)) continue;
        memory = JSON.parse(JSON.stringify(run.early.memory)) as Remembered;
        run = open(version + 1);
      }
      return { version: 200, lines };
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 20, maxLength: 20 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 199 }), { maxLength: 4 }),
        fc.integer({ min: 2, max: 5 }),
        async (scores, cuts, late) => {
          const whole = await endOf(scores, new Set(), () => false);
          const cut = await endOf(scores, new Set(cuts), (version) => version % (10 * late) === 0);
          expect(cut).toEqual(whole);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('reads what a checkpoint says of it, and nothing else', () => {
    const memory: Remembered = { standing, known: { step: 20, value: null } };
    expect(remembered(JSON.stringify(memory))).toEqual(memory);
    for (const fact of [undefined, '', 'null', '{}', '{"standing":{},"known":null}', '{"standing":null}']) {
      expect(remembered(fact)).toBeUndefined();
    }
    const broken = { ...memory, known: { step: 'x', value: 1 } };
    expect(remembered(JSON.stringify(broken))).toBeUndefined();
  });
});
