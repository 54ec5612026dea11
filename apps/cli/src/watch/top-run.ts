/** What `top` shows of a run on this machine: from its folder, and from its coordinator where that answers. */
import { join } from 'node:path';
import { LineFollower } from '@gradcast/files';
import { finiteOrNull, isMinor, loggedEvent, newestGrid, number, QUALITY, word, workerParts } from '@gradcast/watching';
import type { LoggedEvent, WorkerPace } from '@gradcast/watching';
import type { Answer } from '../control-client.ts';
import { ledgerShares } from './ledger-shares.ts';
import { isFinal, newestMetrics, readConfig, readObject, targetSteps } from './run-files.ts';
import { askState, stateOf } from './run-state.ts';
import { showScore } from './runs.ts';
import { phasesOfLate, topPhases } from './top-phases.ts';
import type { TopCurve, TopSource, TopView, TopWorker } from './top-view.ts';

const METRICS_BYTES = 2 ** 18;
/** Names whose backend and device are remembered. */
const MOST_KNOWN = 4096;
/** A step that takes this many times as long as the one before, and longer than so many seconds, is worth a word. */
const SLOW_STEPS = 5;
const SLOW_SECONDS = 10;
const LINE_KEYS: readonly string[] = ['step', 'time', 'images', 'epoch', 'images_per_second', 'step_seconds'];

export class RunSource implements TopSource {
  readonly #run: string;
  readonly #now: () => number;
  readonly #events: EventMemory;

  /** @param now milliseconds since 1970. */
  constructor(run: string, now: () => number) {
    this.#run = run;
    this.#now = now;
    this.#events = new EventMemory(run);
  }

  /** @throws RunError `run-missing`, `run-corrupt`; an error of the system. */
  async look(): Promise<TopView> {
    const [run, now] = [this.#run, this.#now()];
    const config = await readConfig(run);
    const { holder, answer } = await askState(run, now);
    await this.#events.read();
    const { state: stateEvent, closed, evaluated, scored } = this.#events;
    const summary = await readObject(run, 'summary.json');
    const state = stateOf({ holder, answer }, { summary, state: stateEvent, closed });
    const metrics = await newestMetrics(run, METRICS_BYTES);
    const microBatch = number(config, 'microBatchSize');
    const paces = await ledgerShares(run, microBatch);
    const step = finiteOrNull(number(closed, 'step')) ?? finiteOrNull(number(metrics.at(-1), 'step')) ?? 0;
    const steps = targetSteps(summary, answer, config);
    const isOver = holder !== 'held';
    const speed = isOver ? null : finiteOrNull(number(metrics.findLast(hasSpeed), 'images_per_second'));
    const batch = microBatch * number(config, 'microBatches');
    const newest = Math.max(number(stateEvent, 'time') || 0, number(closed, 'time') || 0);
    const workers = this.#workers(answer, paces);
    return {
      title: run,
      state,
      step,
      steps,
      imagesPerSecond: speed ?? finiteOrNull(number(summary, 'imagesPerSecond')),
      etaSeconds: speed !== null && speed > 0 && steps !== null ? ((steps - step) * batch) / speed : null,
      curves: curvesOf(metrics),
      workers,
      aboutWorkers: answer ? null : 'those of the last steps, as the ledger has them',
      score: scoreOf(evaluated, scored),
      phases: topPhases({
        phases: phasesOfLate(metrics),
        workers: workerParts(paces, answer ? workers.map(({ name }) => name) : undefined),
        leaves: number(config, 'microBatches'),
        codec: word(config, 'codec'),
      }),
      asOf: newest > 0 ? newest * 1000 : null,
      stale: staleOf({ state, isHeld: holder === 'held', answers: answer !== undefined, closed, now }),
      isOver,
      grid: (await newestGrid(run))?.path ?? null,
    };
  }

  #workers(answer: Answer | undefined, paces: ReadonlyMap<string, WorkerPace>): TopWorker[] {
    const connected = answer && Array.isArray(answer['workers']) ? (answer['workers'] as unknown[]) : undefined;
    const listed = connected?.map((each) => ({
      name: word(each, 'worker'),
      role: word(each, 'role'),
      state: word(each, 'state'),
    }));
    const rows: readonly Pick<TopWorker, 'name' | 'role' | 'state'>[] =
      listed ?? [...paces.keys()].map((name) => ({ name: word({ name }, 'name'), role: null, state: null }));
    return rows.map(({ name, role, state }) => {
      const joined = this.#events.joined.get(name);
      const pace = paces.get(name);
      return {
        name,
        role: role ?? joined?.role ?? null,
        backend: joined?.backend ?? null,
        device: joined?.device ?? null,
        state,
        share: pace?.share ?? null,
        imagesPerSecond: pace ? finiteOrNull(pace.imagesPerSecond) : null,
      };
    });
  }
}

/** Types of which the newest event counts. */
const REMEMBERED: readonly string[] = ['state', 'step-closed', 'evaluated', 'scored'];

/** What of a run's events is remembered while the file grows. */
class EventMemory {
  readonly joined = new Map<string, { readonly role: string; readonly backend: string; readonly device: string }>();
  readonly #newest = new Map<string, LoggedEvent>();
  readonly #follower: LineFollower;

  constructor(run: string) {
    this.#follower = new LineFollower(join(run, 'events.jsonl'));
  }

  get state() {
    return this.#newest.get('state');
  }

  get closed() {
    return this.#newest.get('step-closed');
  }

  get evaluated() {
    return this.#newest.get('evaluated');
  }

  get scored() {
    return this.#newest.get('scored');
  }

  async read(): Promise<void> {
    // Of steps only the last is looked into: a long run has a million.
    let closed: string | null = null;
    for await (const lines of this.#follower.added()) {
      for (const { text } of lines) {
        if (text?.includes('"type":"step-closed"') === true) closed = text;
        else this.#take(loggedEvent(text));
      }
    }
    this.#take(loggedEvent(closed));
  }

  #take(event: LoggedEvent | undefined): void {
    if (!event) return;
    if (REMEMBERED.includes(event.type)) this.#newest.set(event.type, event);
    if (event.type !== 'joined') return;
    const name = word(event, 'name');
    this.joined.delete(name);
    this.joined.set(name, {
      role: word(event, 'role'),
      backend: word(event, 'backend'),
      device: word(event, 'device'),
    });
    if (this.joined.size > MOST_KNOWN) this.joined.delete([...this.joined.keys()][0]);
  }
}

function hasSpeed(line: object): boolean {
  return Number.isFinite(number(line, 'images_per_second'));
}

/** Of the losses, or, of a task that calls them otherwise, of its first two scalars; and the speed. */
function curvesOf(metrics: readonly object[]): TopCurve[] {
  const names = [...new Set(metrics.flatMap((line) => Object.keys(line)))];
  const losses = names.filter((name) => name.startsWith('loss'));
  const others = names.filter((name) => !LINE_KEYS.includes(name) && !QUALITY.includes(name) && !isMinor(name));
  const shown = [...(losses.length > 0 ? losses : others.slice(0, 2)), 'images_per_second'];
  return shown.map((name) => ({
    name: word({ name }, 'name'),
    values: metrics.map((line) => number(line, name)).filter(Number.isFinite),
  }));
}

function scoreOf(evaluated: LoggedEvent | undefined, scored: LoggedEvent | undefined): string | null {
  for (const [name, event] of [
    ['frechet', evaluated],
    ['accuracy', scored],
  ] as const) {
    const value = number(event, name);
    if (!Number.isFinite(value)) continue;
    const shown = showScore({ name, value, step: null });
    return `${shown} after step ${word(event, 'step')}`;
  }
  return null;
}

interface Freshness {
  readonly state: string;
  readonly isHeld: boolean;
  readonly answers: boolean;
  readonly closed: LoggedEvent | undefined;
  readonly now: number;
}

function staleOf({ state, isHeld, answers, closed, now }: Freshness): string | null {
  if (state === 'killed') return 'the run was killed; this is the last that its folder has';
  if (!isHeld || isFinal(state)) return null;
  if (!answers) return 'no coordinator answers on this machine; this is what the folder has';
  if (state !== 'running' || !closed) return null;
  const seconds = now / 1000 - closed.time;
  const usual = number(closed, 'seconds') || 0;
  if (seconds < Math.max(SLOW_SECONDS, SLOW_STEPS * usual)) return null;
  return `no step has closed for ${seconds.toFixed(0)} s`;
}
