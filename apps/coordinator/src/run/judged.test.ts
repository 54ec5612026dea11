import { FASHION_MNIST, MNIST } from '@gradcast/dataset';
import { JUDGED_SHAPE } from '@gradcast/judge';
import { builtinTask } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import { evaluationsLookedAt, refuseEarlyStop } from './judged.ts';

const other = { sha256: 'ab'.repeat(32), title: 'the data set in letters' };
const task = (preset: string) => builtinTask({ preset, task: null })!;

describe('evaluationsLookedAt', () => {
  it('are those of the run, where it stops early', () => {
    const evaluations = { evaluateEvery: 50, evaluateCount: 2000 };
    const looked = { earlyStopEvery: 50, earlyStopCount: 2000 };
    expect(evaluationsLookedAt({ earlyStop: 'recall', ...evaluations })).toEqual(looked);
    expect(evaluationsLookedAt({ earlyStop: 'none', ...evaluations })).toEqual({
      earlyStopEvery: 0,
      earlyStopCount: 0,
    });
  });
});

describe('refuseEarlyStop', () => {
  it('takes what a judge can score, and anything where nothing is scored', () => {
    expect(task('mnist').output?.values).toMatchObject({ kind: 'image', shape: JUDGED_SHAPE });
    for (const dataset of [MNIST, FASHION_MNIST]) {
      expect(() => refuseEarlyStop({ earlyStop: 'frechet' }, task('mnist'), dataset)).not.toThrow();
    }
    expect(() => refuseEarlyStop({ earlyStop: 'none' }, task('classifier'), other)).not.toThrow();
  });

  it.each([
    ['a task that draws nothing', 'classifier', MNIST, /classifier draws no images that a judge reads$/],
    [
      'a data set without a judge',
      'mnist',
      other,
      /there is no judge for the data set in letters: only MNIST and Fashion-MNIST have some$/,
    ],
  ])('refuses %s before anything begins', (_, preset, dataset, sentence) => {
    const refused = () => refuseEarlyStop({ earlyStop: 'recall' }, task(preset), dataset);
    expect(refused).toThrow(sentence);
    expect(refused).toThrow(expect.objectContaining({ code: 'early-stop-judge', exitCode: 2 }));
  });
});
