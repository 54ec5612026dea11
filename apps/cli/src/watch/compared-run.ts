/** A run as it is compared with others: its curves, what it came to, and what decides its bits. */
import { completedDefinition, DEFINITION_KEYS, differences, runDefinition } from '@gradcast/definition';
import type { DefinitionKey, RunDefinition, StoredDefinition, TaskNumbers } from '@gradcast/definition';
import { lastLines } from '@gradcast/files';
import { defaultsOfTask } from '@gradcast/tasks';
import { join } from 'node:path';
import { loggedEvent, member, newestGrid, number, presetOf, RunCurves, word } from '@gradcast/watching';
import type { Curve, SampleGrid } from '@gradcast/watching';
import { configuredSteps, newestEvents, readConfig, readObject } from './run-files.ts';
import { askState, stateOf } from './run-state.ts';
import { showFixed, showNumber, showSpeed } from './text-table.ts';

export interface ComparedRun {
  /** `A`, `B`, … */
  readonly letter: string;
  readonly path: string;
  readonly config: object;
  readonly summary: object | undefined;
  readonly state: string;
  readonly curves: ReadonlyMap<string, Curve>;
  readonly grid: SampleGrid | undefined;
  /** The newest scores by a judge, if any; of the summary, else of the newest event. */
  readonly quality: unknown;
  readonly scores: unknown;
}

/** Scores lie farther back in the file than what a list looks at. */
const EVENT_BYTES = 2 ** 22;

/** @throws RunError `run-missing`, `run-corrupt`; an error of the system. */
export async function readComparedRun(path: string, letter: string, now: number): Promise<ComparedRun> {
  const config = await readConfig(path);
  const { holder, answer } = await askState(path, now);
  const summary = await readObject(path, 'summary.json');
  const events = await newestEvents(path);
  let { evaluated, scored } = events;
  if (!summary && !evaluated && !scored) {
    const older = (await lastLines(join(path, 'events.jsonl'), EVENT_BYTES)).map(loggedEvent);
    evaluated = older.findLast((event) => event?.type === 'evaluated');
    scored = older.findLast((event) => event?.type === 'scored');
  }
  return {
    letter,
    path,
    config,
    summary,
    state: stateOf({ holder, answer }, { summary, ...events }),
    curves: await new RunCurves(path).read(),
    grid: await newestGrid(path),
    quality: member(summary, 'quality') ?? evaluated,
    scores: member(summary, 'scores') ?? scored,
  };
}

/** A row of numbers, one a run. */
export interface ComparedRow {
  readonly name: string;
  readonly values: readonly string[];
}

const SCORES: readonly (readonly [key: string, title: string, digits: number])[] = [
  ['frechet', 'Fréchet distance', 2],
  ['kernelDistance', 'kernel distance', 3],
  ['precision', 'precision', 3],
  ['recall', 'recall', 3],
  ['density', 'density', 3],
  ['coverage', 'coverage', 3],
  ['entropy', 'entropy of classes', 3],
  ['confidence', 'mean confidence', 3],
  ['nearestRatio', 'ratio of nearest images', 3],
];

/** What the runs came to; rows that no run has anything for are left out. */
export function finalNumbers(runs: readonly ComparedRun[]): ComparedRow[] {
  const row = (name: string, of: (run: ComparedRun) => string) => ({ name, values: runs.map(of) });
  const losses = namesOf(runs).filter((name) => name.startsWith('loss'));
  const rows = [
    row('task', ({ config }) => presetOf(config)),
    row('state', ({ state }) => state),
    row('step', stepOf),
    row('images', (run) => showNumber(number(run.summary, 'images'))),
    row('seconds', (run) => showFixed(number(run.summary, 'seconds'), 1)),
    row('images/s', (run) => {
      const last = run.curves.get('images_per_second')?.last.value ?? NaN;
      return showSpeed(run.summary ? number(run.summary, 'imagesPerSecond') : last);
    }),
    row('workers', (run) => showNumber(number(run.summary, 'workers'))),
    row('backend', ({ summary }) => word(summary, 'backend').replace('?', '-')),
    ...losses.map((name) => row(`last ${name}`, ({ curves }) => showNumber(curves.get(name)?.last.value ?? NaN))),
    row('accuracy, %', ({ scores }) => showFixed(100 * number(scores, 'accuracy'), 2)),
    row('scored at step', ({ quality }) => showNumber(number(quality, 'step'))),
    ...SCORES.map(([key, title, digits]) => row(title, ({ quality }) => showFixed(number(quality, key), digits))),
    row('parameters, SHA-256', ({ summary }) => shortHash(summary, 'parametersSha256')),
    row('state, SHA-256', ({ summary }) => shortHash(summary, 'stateSha256')),
  ];
  return rows.filter(({ values }) => values.some((value) => value !== '-'));
}

function stepOf({ summary, curves, config }: ComparedRun): string {
  const steps = number(summary, 'steps');
  const last = Math.max(0, ...[...curves.values()].map((curve) => curve.last.step));
  const target = number(summary, 'targetSteps') || (configuredSteps(config) ?? NaN);
  const at = Number.isFinite(steps) ? steps : last;
  return Number.isFinite(target) ? `${at} of ${target}` : String(at);
}

/** A digest is told apart by its beginning. */
function shortHash(summary: unknown, key: string): string {
  const hash = word(summary, key);
  return hash === '?' ? '-' : hash.slice(0, 12);
}

/** The names of all curves of some runs, as the first run that has one orders them. */
export function namesOf(runs: readonly Pick<ComparedRun, 'curves'>[]): string[] {
  return [...new Set(runs.flatMap(({ curves }) => [...curves.keys()]))];
}

/** In what the runs were told to compute they differ; the first is compared with each other. Null where it cannot be known. */
export function definitionRows(runs: readonly ComparedRun[]): ComparedRow[] | null {
  const first = definitionIn(runs[0].config);
  if (!first) return null;
  const found = runs.map(({ config }) => differences(config, first, numbersOf(first)));
  const differing = new Set(found.flat().map(({ key }) => key));
  const keys = DEFINITION_KEYS.filter((key) => differing.has(key));
  return keys.map((key) => ({ name: key, values: found.map((each) => valueOf(key, first, each)) }));
}

function valueOf(key: DefinitionKey, first: RunDefinition, found: ReturnType<typeof differences>): string {
  const difference = found.find((each) => each.key === key);
  return shown(difference ? difference.there : first[key]);
}

function shown(value: unknown): string {
  if (value === undefined) return '-';
  if (value === null) return 'none';
  const text = typeof value === 'string' ? word({ value }, 'value') : JSON.stringify(value);
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}

/** Of a task of its own nothing is loaded: that would run the user's code. */
function definitionIn(config: object): RunDefinition | undefined {
  const whole = runDefinition.safeParse(config);
  if (whole.success) return whole.data;
  const known = defaultsOfTask(presetOf(config));
  try {
    return known && completedDefinition(config as StoredDefinition, known);
  } catch {
    return undefined;
  }
}

function numbersOf({ preset, microBatchSize, microBatches, learningRate }: RunDefinition): TaskNumbers {
  return defaultsOfTask(preset) ?? { microBatch: microBatchSize, microBatches, optimizer: { learningRate } };
}
