/** Computes the verdicts of early stopping again from the scores that a ledger has. */
import { earlyStopOf, FIRST_STANDING, isEnough, standingAfter } from '@gradcast/definition';
import type { EarlyStopRule, EarlyStopStanding } from '@gradcast/definition';
import type { EvaluatedLine, HeaderLine } from './record.ts';

/** What is wrong with a line. */
export interface VerdictFault {
  readonly field: string;
  readonly sentence: string;
}

export class Verdicts {
  readonly #rule: EarlyStopRule | undefined;
  #standing: EarlyStopStanding = FIRST_STANDING;

  constructor(header: HeaderLine) {
    this.#rule = earlyStopOf(header);
  }

  /** What is wrong with the line of a score. @param steps lines of steps before it. */
  evaluated(line: EvaluatedLine, steps: number): VerdictFault | undefined {
    const rule = this.#rule;
    const { step, at, metric, value } = line;
    if (!rule) return { field: 'kind', sentence: 'a score of a run that does not stop early' };
    const expected = this.#standing.through + rule.every;
    if (step !== expected)
      return { field: 'step', sentence: `the score of step ${step} where that of ${expected} belongs` };
    if (at !== step + rule.every || at !== steps) {
      const sentence = `the score of step ${step} takes effect behind step ${steps}, not ${step + rule.every}`;
      return { field: 'at', sentence };
    }
    if (metric !== rule.metric) return { field: 'metric', sentence: `a score of ${metric}, not ${rule.metric}` };
    this.#standing = standingAfter(rule, this.#standing, { step, value });
    const { best, bestStep, waited } = this.#standing;
    const verdict = isEnough(rule, this.#standing) ? 'ends' : 'goes-on';
    const wanted = { best, bestStep, waited, verdict };
    const differs = (Object.keys(wanted) as (keyof typeof wanted)[]).find((name) => line[name] !== wanted[name]);
    if (differs === undefined) return undefined;
    const sentence = `${differs} of step ${step} is ${line[differs]}, but follows as ${wanted[differs]}`;
    return { field: differs, sentence };
  }

  /** What a step lacks: a verdict before it, or one that let it be. */
  beforeStep(step: number): VerdictFault | undefined {
    const rule = this.#rule;
    if (!rule) return undefined;
    const version = step - 1;
    const due = version - rule.every;
    if (version % rule.every === 0 && due > 0 && this.#standing.through < due) {
      return { field: 'step', sentence: `step ${step} comes before the verdict on the score of step ${due}` };
    }
    if (!isEnough(rule, this.#standing)) return undefined;
    return { field: 'step', sentence: `step ${step} comes behind the verdict that ended the run` };
  }
}
