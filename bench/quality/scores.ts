/** What `gradcast evaluate --json` says, and what the trials of a contestant come to. */
import type { QualityScores } from '@gradcast/evaluate';
import { BenchmarkError } from '../harness/errors.ts';
import { mean, spread } from '../harness/statistics.ts';

/** Scores of one judge, and what as many real images score. */
export interface JudgeScores {
  readonly judge: string;
  readonly scores: QualityScores;
  readonly floor: QualityScores;
}

interface Evaluated {
  readonly type: string;
  readonly count: number;
  readonly judges: readonly JudgeScores[];
}

/**
 * @param text what the command printed.
 * @throws BenchmarkError unless both judges scored so many samples.
 */
export function evaluationIn(text: string, count: number): readonly JudgeScores[] {
  const last = text.trim().split('\n').at(-1) ?? '';
  const { type, count: scored, judges } = JSON.parse(last) as Evaluated;
  if (type !== 'evaluated' || scored !== count || judges.length < 2) {
    throw new BenchmarkError(`gradcast evaluate did not score ${count} samples by two judges`);
  }
  return judges.map(({ judge, scores, floor }) => ({ judge, scores, floor }));
}

/** A number of the table. */
export interface Measure {
  readonly name: string;
  readonly digits: number;
  /** Of one trial's judges. */
  readonly of: (judges: readonly Pick<JudgeScores, 'scores'>[]) => number;
}

/** The Fréchet distance of both judges; the others of the first. */
export const MEASURES: readonly Measure[] = [
  { name: 'Fréchet, judge 0', digits: 1, of: ([first]) => first.scores.frechet },
  { name: 'judge 1', digits: 1, of: ([, second]) => second.scores.frechet },
  { name: 'kernel distance', digits: 2, of: ([first]) => first.scores.kernelDistance },
  { name: 'precision', digits: 3, of: ([first]) => first.scores.precision },
  { name: 'recall', digits: 3, of: ([first]) => first.scores.recall },
  { name: 'coverage', digits: 3, of: ([first]) => first.scores.coverage },
  { name: 'entropy', digits: 3, of: ([first]) => first.scores.entropy },
  { name: 'confidence', digits: 3, of: ([first]) => first.scores.confidence },
];

/** Mean of some values and, of two or more, their standard deviation. */
export interface Estimate {
  readonly mean: number;
  readonly spread: number | undefined;
}

export function estimateOf(values: readonly number[]): Estimate {
  return { mean: mean(values), spread: spread(values) };
}

/** `45.8`, or `45.8 ± 1.2`. */
export function shown({ mean: middle, spread: deviation }: Estimate, digits: number): string {
  const text = middle.toFixed(digits);
  return deviation === undefined ? text : `${text} ± ${deviation.toFixed(digits)}`;
}

/**
 * Whether both judges rank alike.
 *
 * @param distances of each contestant, by judge.
 */
export function rankAlike(distances: readonly (readonly [number, number])[]): boolean {
  const ranking = (judge: 0 | 1) =>
    Array.from(distances.keys()).toSorted((a, b) => distances[a][judge] - distances[b][judge]);
  return ranking(0).join() === ranking(1).join();
}
