/**
 * Verdicts of early stopping: when samples are scored, when a score takes effect, and what of it a checkpoint remembers.
 *
 * Invariant: the score of step s takes effect at version s + k, whenever it is known. One evaluation is under way at a time: that of
 * s + k begins after the verdict on s. Between s and s + k a checkpoint has the score of s, or that of s is there to compute it from.
 */
import type { Quality } from '@gradcast/config';
import { awaitedStep, FIRST_STANDING, isEnough, standingAfter } from '@gradcast/definition';
import type { EarlyStopRule, EarlyStopStanding, StepScore } from '@gradcast/definition';
import type { EvaluatedLine } from '@gradcast/ledger';
import { qualityNumbers } from '../records/quality.ts';

/** What a checkpoint says of it, and under which name. */
export const EARLY_STOP_FACT = 'early_stop';
export interface Remembered {
  /** Of the scores that have taken effect. */
  readonly standing: EarlyStopStanding;
  /** The score that has not. */
  readonly known: StepScore | null;
}

export const NOTHING_REMEMBERED: Remembered = { standing: FIRST_STANDING, known: null };

/** Reads what a checkpoint remembers; undefined if that is nothing of the kind. */
export function remembered(fact: string | undefined): Remembered | undefined {
  try {
    const { standing, known } = JSON.parse(fact ?? '') as Remembered;
    const { through, best, bestStep, waited } = standing;
    const isSound =
      [through, bestStep, waited].every(Number.isSafeInteger) &&
      isScore(best) &&
      (known === null || (Number.isSafeInteger(known.step) && isScore(known.value)));
    return isSound ? { standing: { through, best, bestStep, waited }, known } : undefined;
  } catch {
    return undefined;
  }
}

function isScore(value: unknown): boolean {
  return value === null || Number.isFinite(value);
}

/** The step that has to be scored again when a run is taken up at a version; 0 if there is none. */
export function missingStep({ every }: EarlyStopRule, version: number, { standing, known }: Remembered): number {
  const step = awaitedStep(every, version);
  return step > standing.through && known?.step !== step ? step : 0;
}

export type Verdict = 'goes-on' | 'enough' | 'held';

export interface EarlyStopOptions {
  readonly rule: EarlyStopRule;
  readonly remembered: Remembered;
  /** Weights to draw with after the step that is missing, of a run that is taken up. */
  readonly missing?: { readonly step: number; readonly weights: Float32Array<ArrayBuffer> } | undefined;
  readonly scoresOf: (step: number, weights: Float32Array<ArrayBuffer>) => Promise<Quality>;
  /** Saves the present state. @returns whether it is safe. */
  readonly save: () => Promise<boolean>;
  /** A score has taken effect. */
  readonly onVerdict: (line: Omit<EvaluatedLine, 'kind'>) => void;
  /** A score cannot be known, so no verdict can; one sentence. */
  readonly onImpossible: (sentence: string) => void;
}

export class EarlyStop {
  readonly #options: EarlyStopOptions;
  #standing: EarlyStopStanding;
  #known: StepScore | null;
  /** The step that is being scored. */
  #underWay: { readonly step: number; readonly done: Promise<void> } | undefined;
  #verdict: { readonly version: number; readonly told: Promise<Verdict> } | undefined;
  #closed = false;

  constructor(options: EarlyStopOptions) {
    this.#options = options;
    const { standing, known } = options.remembered;
    this.#standing = standing;
    this.#known = known;
  }

  get rule(): EarlyStopRule {
    return this.#options.rule;
  }

  /** What a checkpoint of this moment remembers. */
  get memory(): Remembered {
    return { standing: this.#standing, known: this.#known };
  }

  /** Where the scores stand that have taken effect. */
  get standing(): EarlyStopStanding {
    return this.#standing;
  }

  /** Begins to score what a run that was taken up lacks. */
  begin(): void {
    const { missing } = this.#options;
    if (missing) this.#score(missing.step, missing.weights);
  }

  /** Whether something is to be done at a version before its step. */
  isDue(version: number): boolean {
    return version > 0 && version % this.#options.rule.every === 0;
  }

  /** Whether the step at a version may be opened before its verdict is asked for: it is known to go on. */
  mayOpen(version: number): boolean {
    const due = this.#dueAt(version);
    if (due === 0) return true;
    const { rule } = this.#options;
    if (this.#standing.through >= due) return !isEnough(rule, this.#standing);
    return this.#known?.step === due && !isEnough(rule, standingAfter(rule, this.#standing, this.#known));
  }

  /**
   * The verdict at a version: waits for the score that takes effect here, and begins to score what this version gives. Asking again
   * gives the same.
   *
   * @param weights to draw with; copied before this resolves.
   */
  at(version: number, weights: () => Float32Array<ArrayBuffer>): Promise<Verdict> {
    if (this.#verdict?.version !== version) this.#verdict = { version, told: this.#at(version, weights) };
    return this.#verdict.told;
  }

  /** Nothing is begun or told any more. */
  close(): void {
    this.#closed = true;
  }

  async #at(version: number, weights: () => Float32Array<ArrayBuffer>): Promise<Verdict> {
    const { rule, save } = this.#options;
    const due = this.#dueAt(version);
    if (due > this.#standing.through) {
      if (this.#underWay?.step === due) await this.#underWay.done;
      if (this.#closed || this.#known?.step !== due) return 'held';
      this.#takeEffect(this.#known, version);
    }
    if (isEnough(rule, this.#standing)) return 'enough';
    if (!this.isDue(version) || this.#known?.step === version) return 'goes-on';
    const drawn = weights();
    const isSafe = await save();
    if (this.#closed) return 'held';
    this.#score(version, drawn);
    if (!isSafe) await this.#underWay?.done;
    return 'goes-on';
  }

  /** The step whose score takes effect at a version; 0 if none does. */
  #dueAt(version: number): number {
    return this.isDue(version) ? awaitedStep(this.#options.rule.every, version) : 0;
  }

  #takeEffect(score: StepScore, version: number): void {
    const { rule, onVerdict } = this.#options;
    this.#standing = standingAfter(rule, this.#standing, score);
    this.#known = null;
    const { best, bestStep, waited } = this.#standing;
    const verdict = isEnough(rule, this.#standing) ? 'ends' : 'goes-on';
    onVerdict({
      step: score.step,
      at: version,
      metric: rule.metric,
      value: score.value,
      best,
      bestStep,
      waited,
      verdict,
    });
  }

  #score(step: number, weights: Float32Array<ArrayBuffer>): void {
    const { rule, scoresOf, onImpossible } = this.#options;
    const done = scoresOf(step, weights).then(
      (quality) => {
        const value = qualityNumbers(quality)[rule.metric];
        this.#known = { step, value: Number.isFinite(value) ? value : null };
      },
      (error: unknown) => {
        if (this.#closed) return;
        const why = error instanceof Error ? error.message : String(error);
        onImpossible(
          `--early-stop needs the score of step ${step}, which cannot be computed: ${why}; a resume tries again`,
        );
      },
    );
    this.#underWay = { step, done };
  }
}

/** What a user reads when a run ends early. */
export function earlyStopSentence({ metric }: EarlyStopRule, { best, bestStep, waited }: EarlyStopStanding): string {
  const evaluations = waited === 1 ? 'the last evaluation' : `the last ${waited} evaluations`;
  if (best === null) return `the run ends early: ${evaluations} gave no ${metric}`;
  return `the run ends early: ${metric} has not become better in ${evaluations}; it was best after step ${bestStep}, ${Number(best.toPrecision(4))}`;
}
