/** Four questions that whoever looks at a run has, each answered in a sentence and a line below it. Pure. */
import type { ViewCurve, ViewWorker } from '@gradcast/protocol';
import { counted, listed, percent, rate, short, time } from './format.ts';
import type { Model } from './model.ts';

export type Tone = 'good' | 'busy' | 'bad' | 'calm';

export interface Answer {
  readonly question: string;
  readonly tone: Tone;
  readonly said: string;
  readonly more: string;
}

/** States that a run does not leave but by being resumed. */
const OVER: readonly string[] = ['completed', 'stopped', 'diverged', 'abandoned', 'failed'];

export function isOver(state: string): boolean {
  return OVER.includes(state);
}

/** @param at seconds since 1970. */
export function answersOf(model: Model, at: number): Answer[] {
  return [learning(model), speed(model, at), slow(model), broken(model, at)];
}

/** A score says more than losses do, where there is one; whether less of it is better. */
const SCORES = [
  { name: 'frechet', shown: 'Fréchet distance', isLessBetter: true },
  { name: 'accuracy', shown: 'accuracy', isLessBetter: false },
] as const;
/** Changes smaller than this share of the value are none. */
const NOTABLE = 0.02;

function learning(model: Model): Answer {
  const say = (tone: Tone, said: string, more: string): Answer => ({ question: 'Is it learning?', tone, said, more });
  const trouble = Object.values(model.troubles).at(-1);
  if (trouble)
    return say(
      'bad',
      `In trouble since step ${trouble.step}`,
      `${sentence(trouble.sentence)} ${sentence(trouble.advice)}`,
    );
  if (model.now.state === 'diverged') return say('bad', 'It diverged', 'Try a smaller learning rate.');
  for (const { name, shown, isLessBetter } of SCORES) {
    const curve = curveOf(model, name);
    if (!curve || curve[1].length === 0) continue;
    return say(...trend(curve, shown, isLessBetter));
  }
  const losses = Object.keys(model.curves).filter((name) => name.startsWith('loss'));
  const latest = losses.flatMap((name) => {
    const value = curveOf(model, name)?.[1].at(-1);
    return value === undefined ? [] : [`${name.replaceAll('_', ' ')} ${short(value)}`];
  });
  if (latest.length === 0) return say('busy', 'Too early to tell', 'Losses appear after the first steps.');
  if (losses.length === 1) return say(...trend(curveOf(model, losses[0])!, 'loss', true));
  // Two networks that compete have losses that say little of either.
  const every = Number(model.run.config['evaluateEvery']);
  if (every > 0 && !isOver(model.now.state)) {
    const isDue = model.now.step >= every;
    const first = isDue ? 'Samples are being scored.' : `Samples are scored first after step ${every}.`;
    return say('busy', 'Too early to tell', `${first} ${sentence(latest.join(', '))}`);
  }
  return say('calm', 'Look at the samples', `${sentence(latest.join(', '))} With --evaluate-every they are scored.`);
}

/** Of the newest value beside those of before, as what to say and how. */
function trend([steps, values]: ViewCurve, name: string, isLessBetter: boolean): [Tone, string, string] {
  const last = values.at(-1)!;
  const best = isLessBetter ? Math.min(...values) : Math.max(...values);
  const shown = name === 'accuracy' ? percent(last) : short(last);
  const first = name === 'accuracy' ? percent(values[0]) : short(values[0]);
  const better = isLessBetter ? 'less' : 'more';
  if (values.length === 1)
    return ['calm', `First score: ${shown}`, `${name} after step ${steps[0]}; ${better} is better.`];
  const from = `${name} ${shown} now, ${first} at first`;
  const gained = isLessBetter ? values[0] - last : last - values[0];
  const isFar = Math.abs(gained) > NOTABLE * Math.max(Math.abs(values[0]), Math.abs(last));
  // What is near its best is still good; a curve goes up and down on its way.
  const isNearBest = Math.abs(last - best) <= 0.15 * Math.max(Math.abs(values[0] - best), 1e-9);
  if (gained > 0 && isFar) {
    return isNearBest
      ? ['good', 'Yes, it is getting better', `${from}.`]
      : ['calm', 'It was better before', `${from}; its best was ${name === 'accuracy' ? percent(best) : short(best)}.`];
  }
  return isFar ? ['bad', 'It is getting worse', `${from}.`] : ['calm', 'Not so far', `${from}.`];
}

/** A step that takes this many times as long as steps do, and longer than so many seconds, is worth a word. */
const SLOW_STEPS = 5;
const SLOW_SECONDS = 10;

function speed(model: Model, at: number): Answer {
  const say = (tone: Tone, said: string, more: string): Answer => ({ question: 'How fast?', tone, said, more });
  const { now, events } = model;
  const { imagesPerSecond, etaSeconds, state } = now;
  const fast = `${rate(imagesPerSecond)} images/s`;
  if (isOver(state))
    return say(
      'calm',
      imagesPerSecond > 0 ? `${fast} at last` : 'It is over',
      `${counted(now.step, 'step')} of ${counted(now.steps, 'step')}.`,
    );
  if (state === 'paused') return say('calm', 'Paused', 'gradcast resume goes on with it.');
  if (state === 'waiting-for-workers') {
    const needed = model.run.minWorkers > 1 ? ` It needs ${model.run.minWorkers}.` : '';
    return say(
      'bad',
      'Waiting for workers',
      `${sentence(`${counted(now.workers.length, 'worker')} connected`)}${needed}`,
    );
  }
  if (imagesPerSecond === 0) return say('busy', 'Getting ready', 'The first step has not closed yet.');
  const closed = events.findLast(({ type }) => type === 'step-closed');
  const usual = typeof closed?.['seconds'] === 'number' ? closed['seconds'] : 0;
  const waited = closed ? at - closed.time : 0;
  if (state === 'running' && waited > Math.max(SLOW_SECONDS, SLOW_STEPS * usual)) {
    return say('bad', `No step for ${time(waited)}`, `It did ${fast} before.`);
  }
  const left = etaSeconds === null ? 'It ends soon.' : `${time(etaSeconds)} to go.`;
  return say('good', fast, left);
}

/** Slower than this beside the middle of the others is slow. */
const STRAGGLES = 1.5;

/** How many times slower than the middle of the others each slow worker is. */
export function slowness(workers: readonly ViewWorker[]): ReadonlyMap<string, number> {
  const known = workers.filter(({ imagesPerSecond }) => imagesPerSecond !== null && imagesPerSecond > 0);
  const slow = new Map<string, number>();
  for (const worker of known) {
    const others = known.filter((other) => other !== worker).map((other) => other.imagesPerSecond!);
    if (others.length === 0) continue;
    const times = middle(others) / worker.imagesPerSecond!;
    if (times >= STRAGGLES) slow.set(worker.name, times);
  }
  return slow;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function slow({ now }: Model): Answer {
  const say = (tone: Tone, said: string, more: string): Answer => ({ question: 'Who is slow?', tone, said, more });
  const { workers } = now;
  const parked = workers.filter(({ state }) => state === 'parked').map(({ name }) => name);
  if (parked.length > 0) {
    return say(
      'bad',
      `${listed(parked)} cannot keep up`,
      'Its connection takes less than training needs; it gets no work.',
    );
  }
  const slow = [...slowness(workers)].sort(([, a], [, b]) => b - a);
  if (slow.length > 0) {
    const [name, times] = slow[0];
    const more =
      slow.length > 1 ? `${listed(slow.slice(1).map(([other]) => other))} too.` : 'Others take over what it holds up.';
    return say('busy', `${name}: ${times.toFixed(1)}× slower`, more);
  }
  if (workers.length === 0) return say('calm', 'Nobody works', 'Start one: gradcast worker.');
  if (workers.every(({ imagesPerSecond }) => imagesPerSecond === null)) {
    return say('busy', 'Too early to tell', sentence(counted(workers.length, 'worker')));
  }
  const working = workers.filter(({ imagesPerSecond }) => imagesPerSecond !== null).length;
  return say(
    'good',
    working === 1 ? 'One worker does it all' : 'Nobody',
    working === 1 ? '' : `${working} workers keep pace.`,
  );
}

/** What happened longer ago than this is history. */
const RECENT_SECONDS = 600;
const FAULTS: readonly string[] = ['refused', 'quarantined', 'distrusted'];

function broken(model: Model, at: number): Answer {
  const say = (tone: Tone, said: string, more: string): Answer => ({ question: 'What broke?', tone, said, more });
  const { now, gone, events } = model;
  if (now.state === 'failed' || now.state === 'abandoned') {
    const state = events.findLast(({ type }) => type === 'state');
    return say('bad', 'The run ended', sentence(state?.sentence ?? ''));
  }
  const shut = now.workers.filter(({ state }) => state === 'quarantined');
  if (shut.length > 0) {
    return say(
      'bad',
      `${listed(shut.map(({ name }) => name))} gets no work`,
      sentence(shut[0].why ?? 'Something it sent was wrong'),
    );
  }
  const lost = gone.filter(({ why, time: left }) => why === 'lost' && at - left < RECENT_SECONDS);
  const newest = lost.at(-1);
  if (newest) {
    const names = listed(lost.map(({ name }) => name));
    return say(
      'bad',
      `${names} ${lost.length === 1 ? 'was' : 'were'} lost`,
      `${time(at - newest.time)} ago. No work is lost with it.`,
    );
  }
  const fault = events.findLast(({ type, time: then }) => FAULTS.includes(type) && at - then < RECENT_SECONDS);
  if (fault) return say('busy', 'Something was refused', sentence(fault.sentence));
  return say('good', 'Nothing', isOver(now.state) ? '' : 'No worker was lost or refused of late.');
}

function curveOf(model: Model, name: string): ViewCurve | undefined {
  return Object.hasOwn(model.curves, name) ? model.curves[name] : undefined;
}

/** A clause as a sentence. */
export function sentence(clause: string): string {
  const text = clause.trim();
  if (text === '') return '';
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
