/** What became of a run, in sentences: how it ended, how fast, how good, what was wrong with the training, what broke. */
import { finiteOrNull, fixed, number, presetOf, QUALITY, word } from '@gradcast/watching';
import { configuredSteps } from '../watch/run-files.ts';
import { showNumber, showSpeed } from '../watch/text-table.ts';
import type { MarkKind } from './happenings.ts';
import type { RunRecord } from './run-record.ts';
import { capital, counted, duration, whole } from './words.ts';

/** A question and its answer. */
export interface Answer {
  readonly question: string;
  /** Whole sentences, as text. */
  readonly sentences: readonly string[];
}

export function storyOf(record: RunRecord): Answer[] {
  return [
    { question: 'How did it end?', sentences: ending(record) },
    { question: 'How fast was it?', sentences: speed(record) },
    { question: 'How good is it?', sentences: goodness(record) },
    { question: 'Was the training in trouble?', sentences: troubles(record) },
    { question: 'What broke?', sentences: breakage(record) },
  ];
}

/** Steps that the model has. */
export function stepsOf({ summary, curves, ledger }: Pick<RunRecord, 'summary' | 'curves' | 'ledger'>): number {
  const said = finiteOrNull(number(summary, 'steps'));
  return said ?? Math.max(ledger.steps, ...[...curves.values()].map(({ last }) => last.step), 0);
}

const ENDS: Readonly<Record<string, string>> = {
  completed: 'The run has completed',
  stopped: 'The run was stopped',
  diverged: 'The run ended because the model diverged',
  abandoned: 'The run was given up because no workers came',
  failed: 'The run failed',
  killed: 'The run was killed',
};

function ending(record: RunRecord): string[] {
  const { state, summary, config, happenings } = record;
  const steps = stepsOf(record);
  const target = finiteOrNull(number(summary, 'targetSteps')) ?? configuredSteps(config);
  const how = Object.hasOwn(ENDS, state) ? ENDS[state] : `The run goes on; its state is ${state}`;
  const far =
    target === undefined ? `after ${counted(steps, 'step')}` : `after ${whole(steps)} of ${counted(target, 'step')}`;
  const images = imagesOf(record);
  const seen = Number.isFinite(images) ? `, ${counted(images, 'image')} of preset ${presetOf(config)}` : '';
  const { why } = happenings;
  const early = word(summary, 'status') === 'completed' && target !== undefined && steps < target;
  const says = why !== undefined && (early || !['completed', 'killed'].includes(state));
  const on = state === 'killed' || state === 'stopped' ? [`gradcast train --resume goes on with it.`] : [];
  return [`${how}, ${far}${seen}.`, ...(says ? [`Its last word: ${why}.`] : []), ...on];
}

function imagesOf({ summary, config, curves, ledger }: RunRecord): number {
  const said = number(summary, 'images');
  if (Number.isFinite(said)) return said;
  return stepsOf({ summary, curves, ledger }) * number(config, 'microBatchSize') * number(config, 'microBatches');
}

function speed({ summary, time, happenings, workforce, curves }: RunRecord): string[] {
  const whole = number(summary, 'imagesPerSecond');
  const last = curves.get('images_per_second')?.last.value ?? NaN;
  const used = word(summary, 'backend');
  const by =
    workforce.count > 0 ? ` with ${counted(workforce.count, 'worker')}${used === '?' ? '' : ` (${used})`}` : '';
  const pace = Number.isFinite(whole)
    ? [`It computed ${showSpeed(whole)} images/s${by}, over the last start without its first step.`]
    : Number.isFinite(last)
      ? [`It computed ${showSpeed(last)} images/s${by} when it was last heard of.`]
      : ['How fast it was is not known.'];
  const starts = happenings.count('started again');
  const again = starts > 0 ? `, in ${counted(starts + 1, 'start')}` : '';
  return [...pace, ...(time.seconds > 0 ? [`It was open for ${duration(time.seconds)}${again}.`] : [])];
}

function goodness({ quality, scores, curves }: RunRecord): string[] {
  const sentences: string[] = [];
  const frechet = number(quality, 'frechet');
  if (Number.isFinite(frechet)) {
    const [precision, recall] = ['precision', 'recall'].map((key) => fixed(number(quality, key), 2));
    sentences.push(
      `Samples after step ${word(quality, 'step')} have a Fréchet distance of ${fixed(frechet, 2)} from real images (0 would be ` +
        `perfect), precision ${precision}, recall ${recall}.`,
    );
    const best = bestOf(curves.get('frechet')?.points ?? []);
    if (best && best.value < frechet) sentences.push(`The best was ${fixed(best.value, 2)}, after step ${best.step}.`);
  }
  const accuracy = number(scores, 'accuracy');
  if (Number.isFinite(accuracy)) {
    sentences.push(
      `It is right about ${(100 * accuracy).toFixed(2)} % of ${word(scores, 'samples')} samples of the ${word(scores, 'split')} split.`,
    );
  }
  if (sentences.length > 0) return sentences;
  const losses = [...curves].filter(([name]) => name.startsWith('loss'));
  if (losses.length === 0) return ['Nobody scored it.'];
  const ends = losses.map(([name, { last }]) => `${name} ${showNumber(last.value)}`);
  return [`Nobody scored it; its last losses were ${ends.join(', ')}.`];
}

function bestOf<T extends { readonly value: number }>(points: readonly T[]): T | undefined {
  return points.reduce<T | undefined>((best, each) => (!best || each.value < best.value ? each : best), undefined);
}

function troubles({ happenings }: RunRecord): string[] {
  const count = happenings.count('trouble');
  if (count === 0) return ['None was noticed.'];
  const told = happenings.sentences('trouble');
  const more =
    count > told.length ? [`And ${counted(count - told.length, 'more was', 'more were')} noticed later.`] : [];
  return [...told.map((sentence) => `${capital(sentence)}.`), ...more];
}

const BREAKS: readonly (readonly [kind: MarkKind, one: string, many: string])[] = [
  ['lost', 'worker was lost', 'workers were lost'],
  ['started again', 'restart of the coordinator', 'restarts of the coordinator'],
  ['waits', 'wait for workers', 'waits for workers'],
  ['kept from work', 'worker was kept from work', 'workers were kept from work'],
  ['refused', 'refusal', 'refusals'],
  ['wrong result', 'wrong result was found', 'wrong results were found'],
  ['skipped step', 'step was skipped', 'steps were skipped'],
];

function breakage({ happenings, ledger, state }: RunRecord): string[] {
  const found = BREAKS.flatMap(([kind, one, many]) => {
    const count = happenings.count(kind);
    return count > 0 ? [counted(count, one, many)] : [];
  });
  const end = ['failed', 'killed', 'diverged'].includes(state)
    ? [`the run: it ${state === 'killed' ? 'was killed' : state}`]
    : [];
  const all = [...end, ...found];
  const close = ledger.steps > 0 ? [`Each of the ${counted(ledger.steps, 'step')} in the ledger closed once.`] : [];
  if (all.length === 0) return ['Nothing.'];
  return [`${capital(all.join(', '))}.`, ...close];
}

/** A name of a score, for a curve. */
export function isScore(name: string): boolean {
  return QUALITY.includes(name) || name === 'accuracy';
}
