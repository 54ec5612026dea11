/** `gradcast runs`: the runs of a folder, newest first, each in a line. A damaged one is a sentence and stops nothing. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RunError, systemCode } from '@gradcast/files';
import { printable } from '@gradcast/protocol';
import { runFolders, runIdSeconds } from '@gradcast/run-folder';
import type { NamedFolder } from '@gradcast/run-folder';
import { finiteOrNull, fixed, member, number, presetOf, utc } from '@gradcast/watching';
import { EXIT_DONE } from '../exit-codes.ts';
import { bytesBelow, newestEvents, newestMetrics, readConfig, readObject, targetSteps } from './run-files.ts';
import { askState, stateOf } from './run-state.ts';
import { showBytes, showSpeed, textTable } from './text-table.ts';
import type { Watching } from './watching.ts';

export interface RunsRequest {
  /** Folder of runs, or a run's own. */
  readonly folder: string;
  /** Whether the user named it: then it must be there. */
  readonly isNamed: boolean;
  readonly json: boolean;
}

export interface RunScore {
  readonly name: 'frechet' | 'accuracy';
  readonly value: number;
  readonly step: number | null;
}

/** A run as a list shows it; null for what is not known. */
export interface RunRow {
  readonly path: string;
  /** Preset, or the name of a task of its own. */
  readonly task: string;
  readonly state: string;
  readonly step: number;
  readonly steps: number | null;
  readonly imagesPerSecond: number | null;
  readonly score: RunScore | null;
  /** Milliseconds since 1970. */
  readonly began: number | null;
  readonly bytes: number;
}

/** Runs that are looked at together: one that does not answer holds up few others. */
const TOGETHER = 8;
/** Of `metrics.jsonl`, some five hundred lines. */
const METRICS_BYTES = 2 ** 17;

/** @throws RunError `run-missing` where a folder that was named is not there, `out-not-a-folder`. */
export async function runRuns({ folder, isNamed, json }: RunsRequest, around: Watching): Promise<number> {
  const { stdout, stderr } = around;
  const found = await foldersOf(folder, isNamed);
  const rows: RunRow[] = [];
  for (let from = 0; from < found.length && !around.signal.aborted; from += TOGETHER) {
    const together = found.slice(from, from + TOGETHER).map((each) => lookAt(each, around.clock.now()));
    for (const look of await Promise.all(together)) {
      if ('damage' in look) {
        if (json) stdout.write(`${JSON.stringify({ type: 'damaged', ...look })}\n`);
        else stderr.write(`gradcast: ${printable(look.damage, 400)}\n`);
      } else if (json) stdout.write(`${JSON.stringify({ type: 'run', ...look })}\n`);
      else rows.push(look);
    }
  }
  if (json) return EXIT_DONE;
  if (found.length === 0) stdout.write(`there are no runs in ${printable(folder, 400)}\n`);
  if (rows.length > 0) stdout.write(`${table(rows).join('\n')}\n`);
  return EXIT_DONE;
}

async function foldersOf(folder: string, isNamed: boolean): Promise<Omit<NamedFolder, 'id'>[]> {
  const isThere = await stat(folder).catch(() => undefined);
  if (isNamed && !isThere) throw new RunError('run-missing', `there is no folder ${folder}`);
  const config = await stat(join(folder, 'config.json')).catch(() => undefined);
  if (config?.isFile()) return [{ path: folder, began: runIdSeconds(basename(folder)) ?? NaN }];
  return runFolders(folder);
}

async function lookAt(
  { path, began }: Omit<NamedFolder, 'id'>,
  now: number,
): Promise<RunRow | { readonly path: string; readonly damage: string }> {
  try {
    return await rowOf(path, began, now);
  } catch (error) {
    if (error instanceof RunError) return { path, damage: error.message };
    const code = systemCode(error);
    if (code === 'unknown error') throw error;
    return { path, damage: `${path} cannot be read (${code})` };
  }
}

async function rowOf(path: string, began: number, now: number): Promise<RunRow> {
  const config = await readConfig(path);
  const { holder, answer } = await askState(path, now);
  const [summary, events] = [await readObject(path, 'summary.json'), await newestEvents(path)];
  const metrics = await newestMetrics(path, METRICS_BYTES);
  const last = metrics.findLast((line) => Number.isFinite(number(line, 'images_per_second')));
  const steps = [member(summary, 'steps'), member(events.closed, 'step'), member(metrics.at(-1), 'step')];
  const speed = summary ? number(summary, 'imagesPerSecond') : number(last, 'images_per_second');
  return {
    path,
    task: presetOf(config),
    state: stateOf({ holder, answer }, { summary, ...events }),
    step: Math.max(0, ...steps.filter((step) => typeof step === 'number')),
    steps: targetSteps(summary, answer, config),
    imagesPerSecond: finiteOrNull(speed),
    score: scoreOf(summary, events, metrics),
    began: finiteOrNull(began * 1000),
    bytes: await bytesBelow(path),
  };
}

function scoreOf(
  summary: object | undefined,
  { evaluated, scored }: Awaited<ReturnType<typeof newestEvents>>,
  metrics: readonly object[],
): RunScore | null {
  const inMetrics = metrics.findLast((line) => Number.isFinite(number(line, 'frechet')));
  const candidates: readonly (readonly [RunScore['name'], unknown, string])[] = [
    ['frechet', member(summary, 'quality'), 'step'],
    ['frechet', evaluated, 'step'],
    ['frechet', inMetrics, 'evaluated_step'],
    ['accuracy', member(summary, 'scores'), 'step'],
    ['accuracy', scored, 'step'],
  ];
  for (const [name, record, stepKey] of candidates) {
    const value = number(record, name);
    if (Number.isFinite(value)) return { name, value, step: finiteOrNull(number(record, stepKey)) };
  }
  return null;
}

function table(rows: readonly RunRow[]): string[] {
  const head = ['run', 'task', 'state', 'step', 'images/s', 'score', 'began (UTC)', 'size'];
  const body = rows.map((row) => [
    printable(row.path, 400),
    row.task,
    row.state,
    row.steps === null ? String(row.step) : `${row.step} of ${row.steps}`,
    showSpeed(row.imagesPerSecond ?? NaN),
    showScore(row.score),
    row.began === null ? '-' : utc(row.began).slice(0, 16),
    showBytes(row.bytes),
  ]);
  return textTable([head, ...body], [3, 4, 7]);
}

/** `Fréchet 12.3` or `97.10 % right`; `-` for none. */
export function showScore(score: RunScore | null): string {
  if (!score) return '-';
  return score.name === 'frechet' ? `Fréchet ${fixed(score.value, 1)}` : `${fixed(100 * score.value, 2)} % right`;
}
