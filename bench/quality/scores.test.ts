import { expect, test } from 'vitest';
import { EXAMPLE_SCORES as scores } from './example-scores.ts';
import { estimateOf, evaluationIn, MEASURES, rankAlike, shown } from './scores.ts';

const judges = [
  { judge: '0', sha256: 'a', scores, floor: scores },
  { judge: '1', sha256: 'b', scores: { ...scores, frechet: 30 }, floor: scores },
];

test('what the command prints is read, with both judges of as many samples', () => {
  const line = JSON.stringify({ type: 'evaluated', count: 10_000, judges });
  const read = evaluationIn(`${line}\n`, 10_000);
  expect(read.map(({ judge, scores: { frechet } }) => [judge, frechet])).toEqual([
    ['0', 20.25],
    ['1', 30],
  ]);
  expect(MEASURES.map(({ of }) => of(read))).toEqual([20.25, 30, 3.5, 0.8, 0.7, 0.6, 2.3, 0.95]);
  expect(() => evaluationIn(line, 9)).toThrow('did not score 9 samples by two judges');
  const alone = JSON.stringify({ type: 'evaluated', count: 9, judges: judges.slice(1) });
  expect(() => evaluationIn(alone, 9)).toThrow('did not score 9 samples by two judges');
});

test('a mean has its spread beside it where there are several seeds', () => {
  expect(shown(estimateOf([20, 22]), 1)).toBe('21.0 ± 1.4');
  expect(shown(estimateOf([20]), 2)).toBe('20.00');
});

test('judges rank alike if their orders are the same, whatever the distances are', () => {
  expect(
    rankAlike([
      [20, 35],
      [10, 30],
      [90, 91],
    ]),
  ).toBe(true);
  expect(
    rankAlike([
      [20, 29],
      [10, 30],
    ]),
  ).toBe(false);
});
