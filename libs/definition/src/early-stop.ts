/**
 * Early stopping: a run ends once a score of its samples has not become better for some evaluations in a row, as in Keras'
 * `EarlyStopping` (monitor, patience, min_delta). Pure: the same scores give the same verdicts on every machine.
 */

/** Which way each score is better; names are those of metrics.jsonl. */
const BETTER = {
  frechet: 'lower',
  kernel_distance: 'lower',
  precision: 'higher',
  recall: 'higher',
  density: 'higher',
  coverage: 'higher',
  entropy: 'higher',
  confidence: 'higher',
} as const;

/** Scores that may stop a run. How near samples lie to training images is no measure of how good they are, and not among them. */
export type EarlyStopScore = keyof typeof BETTER;

/** The same as a list, in the order in which people look at them. */
export const EARLY_STOP_SCORES = Object.keys(BETTER) as readonly EarlyStopScore[];

/** What `--early-stop` may be. */
export const EARLY_STOP_METRICS = ['none', ...EARLY_STOP_SCORES] as const;

/** When a run ends early. */
export interface EarlyStopRule {
  readonly metric: EarlyStopScore;
  /** Evaluations in a row without a better score that end the run, at least 1. */
  readonly patience: number;
  /** By more than this a score must be better to count. */
  readonly minDelta: number;
  /** k: steps between evaluations, and from each to its effect. */
  readonly every: number;
}

/** What a definition says of it; of earlier versions it says nothing. */
interface Defined {
  readonly earlyStop?: (typeof EARLY_STOP_METRICS)[number] | undefined;
  readonly earlyStopPatience?: number | undefined;
  readonly earlyStopMinDelta?: number | undefined;
  readonly earlyStopEvery?: number | undefined;
}

/** The rule of a run; undefined if it does not stop early. */
export function earlyStopOf(definition: Defined): EarlyStopRule | undefined {
  const { earlyStop: metric = 'none', earlyStopPatience = 1, earlyStopMinDelta = 0, earlyStopEvery = 0 } = definition;
  if (metric === 'none' || earlyStopEvery === 0) return undefined;
  return { metric, patience: earlyStopPatience, minDelta: earlyStopMinDelta, every: earlyStopEvery };
}

/** The score of a step; null where it is no number. */
export interface StepScore {
  readonly step: number;
  readonly value: number | null;
}

/** What the scores that have taken effect come to. */
export interface EarlyStopStanding {
  /** The newest step among them; 0 before the first. */
  readonly through: number;
  /** The best score and its step; null and 0 while none was a number. */
  readonly best: number | null;
  readonly bestStep: number;
  /** Evaluations since then. */
  readonly waited: number;
}

export const FIRST_STANDING: EarlyStopStanding = { through: 0, best: null, bestStep: 0, waited: 0 };

/** The standing after one more score. */
export function standingAfter(
  { metric, minDelta }: EarlyStopRule,
  { best, bestStep, waited }: EarlyStopStanding,
  { step, value }: StepScore,
): EarlyStopStanding {
  const isBetter = value !== null && (best === null || gain(metric, best, value) > minDelta);
  if (isBetter) return { through: step, best: value, bestStep: step, waited: 0 };
  return { through: step, best, bestStep, waited: waited + 1 };
}

/** Whether a run has gone on without a better score for as long as it may. */
export function isEnough({ patience }: EarlyStopRule, { waited }: EarlyStopStanding): boolean {
  return waited >= patience;
}

/** The step whose score takes effect next at or behind a version, and was drawn before it; 0 if there is none. */
export function awaitedStep(every: number, version: number): number {
  return version < 1 ? 0 : Math.floor((version - 1) / every) * every;
}

function gain(metric: EarlyStopScore, from: number, to: number): number {
  return BETTER[metric] === 'lower' ? from - to : to - from;
}
