/**
 * What the page knows of a run, and how it changes: by a snapshot, by an event, by how things are. Pure but for the history of
 * speeds, which is too large to be copied.
 *
 * Invariant: an event is in the log once, at its place, whether a snapshot or the stream brought it.
 */
import type { ViewCurve, ViewEvent, ViewNow, ViewSnapshot } from '@gradcast/protocol';
import { SpeedHistory } from './speed.ts';

/** Lines of the log. */
export const MOST_EVENTS = 1000;
/** Points of a curve that come while the page is open. */
const MOST_POINTS = 2048;
const MOST_CURVES = 64;

/** A worker that is gone. */
export interface Gone {
  readonly name: string;
  readonly why: string;
  readonly reason: string;
  /** Seconds since 1970. */
  readonly time: number;
}

/** What of training is wrong. */
export interface Trouble {
  readonly sentence: string;
  readonly advice: string;
  readonly step: number;
}

export interface Model {
  readonly you: ViewSnapshot['you'];
  readonly run: ViewSnapshot['run'];
  readonly version: string;
  readonly now: ViewNow;
  /** By number, the oldest first. */
  readonly events: readonly ViewEvent[];
  readonly curves: Readonly<Record<string, ViewCurve>>;
  readonly grids: readonly number[];
  readonly files: ViewSnapshot['files'];
  readonly gone: readonly Gone[];
  /** By name. */
  readonly troubles: Readonly<Record<string, Trouble>>;
  readonly speeds: SpeedHistory;
  /** Events that came and went while nobody listened; the run's folder has them. */
  readonly missed: number;
}

/** @param before what was known of the same run. */
export function withSnapshot(before: Model | undefined, snapshot: ViewSnapshot): Model {
  const { you, run, version, now, curves, grids, files } = snapshot;
  const speeds = before?.speeds ?? new SpeedHistory();
  for (const step of now.closed) speeds.add(step, run.microBatch);
  const events = merged(before?.events ?? [], snapshot.events);
  const bare: Model = {
    you,
    run,
    version,
    now,
    events,
    curves,
    grids,
    files,
    gone: [],
    troubles: {},
    speeds,
    missed: before?.missed ?? 0,
  };
  // Who is gone and what is wrong follow from the events, in their order.
  const found = events.reduce(withStanding, bare);
  return { ...found, gone: found.gone.filter(({ name }) => !isHere(now, name)) };
}

/** @returns the same model if the event is known already. */
export function withEvent(model: Model, event: ViewEvent): Model {
  const last = model.events.at(-1);
  if (last && event.seq <= last.seq && model.events.some(({ seq }) => seq === event.seq)) return model;
  const isNewest = !last || event.seq > last.seq;
  const events = isNewest ? [...model.events, event] : merged(model.events, [event]);
  const now = isNewest && event.type === 'state' ? stateOf(model.now, event) : model.now;
  return withStanding({ ...model, now, events: thinned(events) }, event);
}

/** The last that is heard of a run that ends is an event. */
function stateOf(now: ViewNow, { to, pausing }: ViewEvent): ViewNow {
  return typeof to === 'string' ? { ...now, state: to, pausing: pausing === true } : now;
}

export function withNow(model: Model, now: ViewNow): Model {
  for (const step of now.closed) model.speeds.add(step, model.run.microBatch);
  const curves = now.lines.reduce(withLine, model.curves);
  const gone = model.gone.filter(({ name }) => !isHere(now, name));
  return { ...model, now, curves, gone };
}

/** So many events are lost to the page. */
export function withGap(model: Model, events: number): Model {
  return { ...model, missed: model.missed + events };
}

/** What an event says of who is gone, what is wrong, and what there is to see. */
function withStanding(model: Model, event: ViewEvent): Model {
  switch (event.type) {
    case 'left': {
      const { worker, why, reason } = event as { worker?: unknown; why?: unknown; reason?: unknown };
      const gone: Gone = { name: text(worker), why: text(why), reason: text(reason), time: event.time };
      return { ...model, gone: [...model.gone.filter(({ name }) => name !== gone.name), gone].slice(-32) };
    }
    case 'joined':
      return { ...model, gone: model.gone.filter(({ name }) => name !== event['name']) };
    case 'trouble': {
      const named = text(event['trouble']);
      const others = Object.fromEntries(Object.entries(model.troubles).filter(([name]) => name !== named));
      if (event['began'] !== true) return { ...model, troubles: others };
      const trouble = {
        sentence: text(event['sentence']),
        advice: text(event['advice']),
        step: Number(event['step']),
      };
      return { ...model, troubles: { ...others, [named]: trouble } };
    }
    case 'sampled': {
      const step = Number(event['step']);
      if (!Number.isSafeInteger(step) || model.grids.includes(step)) return model;
      return { ...model, grids: [...model.grids, step].sort((a, b) => a - b) };
    }
    case 'evaluated':
    case 'scored':
      return { ...model, curves: withScores(model.curves, event) };
    default:
      return model;
  }
}

/** Scores are in a line of `metrics.jsonl` only some steps later. */
const SCORES = { evaluated: ['frechet', 'precision', 'recall'], scored: ['accuracy'] } as const;

function withScores(curves: Model['curves'], event: ViewEvent): Model['curves'] {
  const step = Number(event['step']);
  const names = SCORES[event.type as keyof typeof SCORES];
  return names.reduce((all, name) => withPoint(all, name, [step, Number(event[name])]), curves);
}

/** What a line has besides curves. */
const NO_CURVES: readonly string[] = ['step', 'time', 'images', 'epoch', 'step_seconds', 'judge'];

function isNoCurve(name: string): boolean {
  return NO_CURVES.includes(name) || name.startsWith('phase_');
}

function withLine(curves: Model['curves'], line: Readonly<Record<string, unknown>>): Model['curves'] {
  const step = Number(line['step']);
  return Object.entries(line).reduce(
    (all, [name, value]) => (typeof value === 'number' && !isNoCurve(name) ? withPoint(all, name, [step, value]) : all),
    curves,
  );
}

function withPoint(
  curves: Model['curves'],
  name: string,
  [step, value]: readonly [step: number, value: number],
): Model['curves'] {
  const known = Object.hasOwn(curves, name) ? curves[name] : undefined;
  const isNew = Number.isFinite(value) && step > (known?.[0].at(-1) ?? -1);
  if (!isNew || (!known && Object.keys(curves).length >= MOST_CURVES)) return curves;
  const [steps, values] = known ?? [[], []];
  // Every other one of the older half goes where there are too many.
  const isFull = steps.length >= MOST_POINTS;
  const kept = (points: readonly number[]) =>
    isFull ? points.filter((_, i) => i > points.length / 2 || i % 2 === 0) : points;
  return {
    ...curves,
    [name]: [
      [...kept(steps), step],
      [...kept(values), value],
    ],
  };
}

function merged(known: readonly ViewEvent[], more: readonly ViewEvent[]): readonly ViewEvent[] {
  const bySeq = new Map([...known, ...more].map((event) => [event.seq, event]));
  return thinned([...bySeq.values()].sort((a, b) => a.seq - b.seq));
}

/** Those that pass with every step go first. */
function thinned(events: readonly ViewEvent[]): readonly ViewEvent[] {
  if (events.length <= MOST_EVENTS) return events;
  const passing = events.findIndex(({ type }) => isPassing(type));
  if (events.length === MOST_EVENTS + 1 && passing >= 0) return events.filter((_, i) => i !== passing);
  return events.slice(-MOST_EVENTS);
}

export function isPassing(type: string): boolean {
  return type === 'step-closed' || type === 'leased-again';
}

function isHere({ workers }: ViewNow, name: string): boolean {
  return workers.some((worker) => worker.name === name);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
