/** The files of a run as somebody reads them who does not hold it: bounded, and nothing of what they say is believed. */
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_STATES } from '@gradcast/config';
import { lastLines, RunError, systemCode } from '@gradcast/files';
import { finiteOrNull, loggedEvent, member, number } from '@gradcast/watching';
import type { LoggedEvent } from '@gradcast/watching';

/** A configuration or a summary has some kilobytes. */
const JSON_BYTES = 2 ** 20;
/** Enough for the last state and the last score of most runs; where it is not, the second is read. */
const TAILS = [2 ** 16, 2 ** 21];

/** A grid of a run is some 50 kB; a larger file than this is not shown. */
export const GRID_BYTES = 4 * 2 ** 20;

const FINAL = RUN_STATES.slice(RUN_STATES.indexOf('completed')) as readonly string[];

/** Whether a state is one that a run does not leave but by being resumed. */
export function isFinal(state: unknown): boolean {
  return FINAL.includes(state as string);
}

/**
 * A JSON object of a run's folder.
 *
 * @returns undefined if there is no such file.
 * @throws RunError `run-corrupt`.
 */
export async function readObject(run: string, name: string): Promise<object | undefined> {
  const path = join(run, name);
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(JSON_BYTES + 1), 0, JSON_BYTES + 1, 0);
      if (bytesRead > JSON_BYTES) throw new RunError('run-corrupt', `${path} is damaged: it is too long`);
      const value: unknown = JSON.parse(buffer.toString('utf8', 0, bytesRead));
      if (typeof value === 'object' && value !== null) return value;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof RunError) throw cause;
    if (systemCode(cause) === 'ENOENT') return undefined;
    const why = cause instanceof SyntaxError ? '' : ` (${systemCode(cause)})`;
    throw new RunError('run-corrupt', `${path} is damaged${why}`, { cause });
  }
  throw new RunError('run-corrupt', `${path} is damaged`);
}

/** The configuration of a run. @throws RunError `run-missing`, `run-corrupt`. */
export async function readConfig(run: string): Promise<object> {
  const config = await readObject(run, 'config.json');
  if (!config) throw new RunError('run-missing', `there is no run in ${run}`);
  return config;
}

/** What the end of `events.jsonl` says. */
export interface NewestEvents {
  readonly state: LoggedEvent | undefined;
  readonly closed: LoggedEvent | undefined;
  readonly evaluated: LoggedEvent | undefined;
  readonly scored: LoggedEvent | undefined;
}

/** The newest event of each kind that a list tells of, as far as the end of the file has them. @throws an error of the system. */
export async function newestEvents(run: string): Promise<NewestEvents> {
  let found: NewestEvents = { state: undefined, closed: undefined, evaluated: undefined, scored: undefined };
  for (const bytes of TAILS) {
    const events = (await lastLines(join(run, 'events.jsonl'), bytes)).map(loggedEvent);
    const newest = (type: string) => events.findLast((event) => event?.type === type);
    found = {
      state: newest('state'),
      closed: newest('step-closed'),
      evaluated: newest('evaluated'),
      scored: newest('scored'),
    };
    if (found.state && found.closed) break;
  }
  return found;
}

/** The last lines of `metrics.jsonl` that can be read, in their order. @throws an error of the system. */
export async function newestMetrics(run: string, bytes: number): Promise<object[]> {
  const lines = await lastLines(join(run, 'metrics.jsonl'), bytes);
  return lines.flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value] : [];
    } catch {
      return [];
    }
  });
}

/** Bytes of all files below a folder; links are not followed, and what cannot be read has none. */
export async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesBelow(path);
    else bytes += (await lstat(path).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

/** Steps that a run is to have, by who knows best: its end, its coordinator, its configuration. Null if nobody does. */
export function targetSteps(summary: unknown, answer: unknown, config: object): number | null {
  const [ended, told] = [number(summary, 'targetSteps'), number(answer, 'steps')].map(finiteOrNull);
  return ended ?? told ?? configuredSteps(config) ?? null;
}

/** Steps that a run is to have, as its configuration says; undefined where it says epochs. */
export function configuredSteps(config: object): number | undefined {
  const steps = member(member(config, 'length'), 'steps');
  return typeof steps === 'number' ? steps : undefined;
}
