import { describe, expect, it } from 'vitest';
import { ANSWER } from './for-tests/answer.ts';
import { factsOf } from './run-facts.ts';

describe('facts of a run', () => {
  it('are taken from an answer', () => {
    expect(factsOf(ANSWER)).toEqual({
      run: '20261128-mnist',
      task: null,
      preset: 'mnist',
      step: 4,
      steps: 9,
      imagesPerSecond: 12.5,
      workers: 1,
      volunteers: 2,
      state: 'running',
      exact: true,
      sampleStep: 3,
      you: { leavesUsed: 7, leavesChecked: 5 },
    });
  });

  it('may lack samples and what became of leaves', () => {
    expect(factsOf({ ...ANSWER, sample: null, you: null })).toMatchObject({ sampleStep: null, you: null });
    expect(factsOf({ ...ANSWER, sample: undefined, you: { leavesUsed: 'all' } })).toMatchObject({ you: null });
  });

  it('hold nothing that could not be shown', () => {
    expect(factsOf({ ...ANSWER, run: `x\u202e${'y'.repeat(200)}` })?.run).toMatch(/^x\?y+…$/);
  });

  it.each([
    undefined,
    null,
    7,
    'a',
    [],
    {},
    { ...ANSWER, step: '4' },
    { ...ANSWER, step: -1 },
    { ...ANSWER, imagesPerSecond: NaN },
    { ...ANSWER, preset: null },
    { ...ANSWER, task: 5 },
  ])('are not made of %o', (answer) => expect(factsOf(answer)).toBeUndefined());
});
