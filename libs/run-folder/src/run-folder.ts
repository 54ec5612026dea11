/**
 * The folder of one run, `<out>/<run-id>/`:
 *
 *     config.json     the resolved configuration; written last when a run is made, so a run that has it is complete
 *     metrics.jsonl   one line a step
 *     events.jsonl    what happened: one numbered line an event
 *     ledger.jsonl    one chained line a step
 *     samples/        step-000200.png …
 *     tensorboard/    events.out.tfevents.…, with --tensorboard
 *     checkpoints/    step-000469.safetensors …
 *     summary.json    the result, once there is one
 *     report.html     what people read of it, written by the command when the run is over
 *     incarnation     how many times a coordinator has opened the run
 *     lock/           who has it open
 *     control         a link to the run's control socket, while a coordinator has it open: see `control-link.ts`
 */
import { mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RunError, systemCode, writeAtomically, writeJson } from '@gradcast/files';
import { Checkpoints, CHECKPOINTS_FOLDER } from '@gradcast/checkpoint';
import { LEDGER } from '@gradcast/ledger';
import type { LineFileEvents } from '@gradcast/files';
import { EventLog } from './event-log.ts';
import { MetricsLog } from './metrics-log.ts';
import { systemProcesses } from './processes.ts';
import type { ProcessTable } from './processes.ts';
import { formatRunId, runIdSeconds } from './run-id.ts';
import { lockRun } from './run-lock.ts';
import type { HeldLock } from './run-lock.ts';

const CONFIG = 'config.json';
const SUMMARY = 'summary.json';
/** What people read of a run that is over. */
export const REPORT = 'report.html';
const METRICS = 'metrics.jsonl';
const EVENTS = 'events.jsonl';
const INCARNATION = 'incarnation';

/** Tries for a folder name nobody else took; each has another random part. */
const NAME_ATTEMPTS = 16;

/** Ids stay sorted if the clock stepped back by no more than this. */
const CLOCK_SLACK_SECONDS = 60;

/** What a new run needs. */
export interface CreateRunOptions {
  /** Folder of all runs; made if need be. */
  readonly out: string;
  /** Name of the preset, lower case letters and digits. */
  readonly preset: string;
  /** The resolved configuration; any JSON value. */
  readonly config: unknown;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly processes?: ProcessTable;
}

/** A folder with a run's name, whatever is in it. */
export interface NamedFolder {
  readonly id: string;
  readonly path: string;
  /** Start of the run by its name, seconds since 1970. */
  readonly began: number;
}

/** A run by its folder; nobody need hold its lock to read it. */
export interface ListedRun {
  readonly id: string;
  readonly path: string;
}

/** A run folder this process has locked. */
export class RunFolder {
  readonly path: string;
  readonly checkpoints: Checkpoints;
  readonly #lock: HeldLock;
  /** For a run made here: the outermost folder that was made for it. */
  readonly #made: string | undefined;

  private constructor(path: string, lock: HeldLock, made?: string) {
    this.path = path;
    this.#made = made;
    this.checkpoints = new Checkpoints(join(path, CHECKPOINTS_FOLDER));
    this.#lock = lock;
  }

  /** The run's id, which is its folder's name. */
  get id(): string {
    return basename(this.path);
  }

  /**
   * Makes and locks the folder of a new run, whose id sorts after those already there.
   *
   * @throws RunError `out-not-a-folder`, `out-not-writable`.
   */
  static async create(options: CreateRunOptions): Promise<RunFolder> {
    const { config, processes = systemProcesses() } = options;
    const { path, made } = await makeFolder(options);
    const run = new RunFolder(path, await lockRun(join(path, 'lock'), processes), made);
    await run.#write(CONFIG, () => writeJson(join(path, CONFIG), config));
    return run;
  }

  /**
   * Locks the folder of an earlier run.
   *
   * @throws RunError `run-missing`, `run-locked`, `out-not-writable`.
   */
  static async open(path: string, processes: ProcessTable = systemProcesses()): Promise<RunFolder> {
    const folder = resolve(path);
    await assertRun(folder);
    return new RunFolder(folder, await lockRun(join(folder, 'lock'), processes));
  }

  /**
   * Counts this start of a coordinator. The new number is on disk before this resolves, so no number is used twice.
   *
   * @returns 1 at the first start.
   * @throws RunError `run-corrupt` if the counter holds no number, `out-not-writable`.
   */
  async startIncarnation(): Promise<number> {
    const path = join(this.path, INCARNATION);
    const next = (await readIncarnation(path)) + 1;
    await this.#write(INCARNATION, () => writeAtomically(path, [new TextEncoder().encode(`${next}\n`)]));
    return next;
  }

  /** Replaces `config.json`: operational settings may change when a run is resumed. */
  writeConfig(config: unknown): Promise<void> {
    return this.#write(CONFIG, () => writeJson(join(this.path, CONFIG), config));
  }

  /** Opens `metrics.jsonl`, cutting off what lies after `throughStep`: see {@link MetricsLog.open}. */
  openMetrics(throughStep: number, events?: LineFileEvents): Promise<MetricsLog> {
    return MetricsLog.open(join(this.path, METRICS), throughStep, events);
  }

  /** Opens `events.jsonl`, to go on behind what earlier starts of the run wrote: see {@link EventLog.open}. */
  openEvents(events?: LineFileEvents): Promise<EventLog> {
    return EventLog.open(join(this.path, EVENTS), events);
  }

  /** Writes `summary.json` atomically. */
  writeSummary(summary: unknown): Promise<void> {
    return this.#write(SUMMARY, () => writeJson(join(this.path, SUMMARY), summary));
  }

  /** Removes `summary.json` and `report.html`: a run that goes on has no result yet. */
  async forgetSummary(): Promise<void> {
    for (const name of [SUMMARY, REPORT]) {
      await this.#write(name, () => rm(join(this.path, name), { force: true }));
    }
  }

  /** Gives the folder back. */
  release(): Promise<void> {
    return this.#lock.release();
  }

  /** Aborts when another process has taken the folder over: nothing may be written any more. */
  get lost(): AbortSignal {
    return this.#lock.lost;
  }

  /**
   * Gives the folder back as {@link release} does, but removes that of a new run without a checkpoint, which holds nothing
   * to go on with, and the empty folders that were made for it. Where nobody can tell whether there is one, it stays.
   */
  async releaseOrRemove(): Promise<void> {
    const made = this.#made;
    if (made === undefined || !(await this.checkpoints.isEmpty())) return this.release();
    if (this.lost.aborted) return;
    await this.release();
    await removeFolders(this.path, made).catch(() => undefined);
  }

  async #write(name: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (cause) {
      throw new RunError('out-not-writable', `${join(this.path, name)} cannot be written (${systemCode(cause)})`, {
        cause,
      });
    }
  }
}

/**
 * All complete runs under a folder, newest first; none if the folder does not exist.
 *
 * @throws RunError `out-not-a-folder`.
 */
export async function listRuns(out: string): Promise<ListedRun[]> {
  const runs: ListedRun[] = [];
  for (const id of (await idsIn(out)).reverse()) {
    const path = resolve(out, id);
    const config = await stat(join(path, CONFIG)).catch(() => undefined);
    if (config?.isFile()) runs.push({ id, path });
  }
  return runs;
}

/**
 * All folders under a folder that have a run's name, newest first; damaged ones, too.
 *
 * @throws RunError `out-not-a-folder`.
 */
export async function runFolders(out: string): Promise<NamedFolder[]> {
  const ids = await idsIn(out);
  return ids.reverse().map((id) => ({ id, path: join(out, id), began: runIdSeconds(id)! }));
}

/**
 * What a run says of itself, read without its lock.
 *
 * @returns the JSON of `config.json`, and of `summary.json` if the run has one.
 * @throws RunError `run-missing`, `run-corrupt`.
 */
export async function readRun(path: string): Promise<{ config: unknown; summary: unknown }> {
  await assertRun(path);
  const summary = await stat(join(path, SUMMARY)).catch(() => undefined);
  return { config: await readJson(join(path, CONFIG)), summary: summary && (await readJson(join(path, SUMMARY))) };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new RunError('run-corrupt', `${path} is damaged`, { cause });
  }
}

/**
 * Checks that a run's files are what a coordinator goes on writing, and changes none.
 *
 * @throws RunError `run-missing`, `run-corrupt`, `out-not-writable`.
 */
export async function assertResumable(path: string): Promise<void> {
  await assertRun(path);
  await readIncarnation(join(path, INCARNATION));
  for (const name of [METRICS, EVENTS, LEDGER]) {
    const file = join(path, name);
    try {
      await (await open(file, 'r+')).close();
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') continue;
      throw new RunError('out-not-writable', `${file} cannot be written (${systemCode(cause)})`, { cause });
    }
  }
}

/** 0 if nobody has opened the run yet. A counter that cannot be read is no zero: its numbers were used. */
async function readIncarnation(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT') return '0';
    throw new RunError('run-corrupt', `${path} cannot be read (${systemCode(cause)})`, { cause });
  });
  if (!/^[0-9]{1,15}$/.test(text.trim())) throw new RunError('run-corrupt', `${path} does not hold a number`);
  return Number(text);
}

async function assertRun(path: string): Promise<void> {
  const found = await stat(join(path, CONFIG)).catch(() => undefined);
  if (!found?.isFile()) throw new RunError('run-missing', `there is no run in ${path}`);
}

/** Names of run folders, oldest first. */
async function idsIn(out: string): Promise<string[]> {
  try {
    return (await readdir(out)).filter((name) => runIdSeconds(name) !== undefined).sort();
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw new RunError('out-not-a-folder', `${out} is not a folder that can be read (${systemCode(cause)})`, {
      cause,
    });
  }
}

/** Removes a run's folder and its empty ancestors up to `outermost`. */
async function removeFolders(run: string, outermost: string): Promise<void> {
  await rm(run, { recursive: true, force: true });
  for (let folder = run; folder !== outermost;) {
    folder = dirname(folder);
    await rmdir(folder);
  }
}

async function makeFolder({ out, preset, now, random }: CreateRunOptions): Promise<{ path: string; made: string }> {
  const outermost = await makeOut(out);
  const newest = runIdSeconds((await idsIn(out)).at(-1) ?? '') ?? 0;
  let seconds = Math.floor(now() / 1000);
  if (newest >= seconds && newest - seconds < CLOCK_SLACK_SECONDS) seconds = newest + 1;
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    const path = resolve(out, formatRunId(seconds, preset, random()));
    try {
      await mkdir(path);
      return { path, made: outermost ?? path };
    } catch (cause) {
      if (systemCode(cause) === 'EEXIST') continue;
      throw new RunError('out-not-writable', `${out} cannot be written (${systemCode(cause)})`, { cause });
    }
  }
  throw new RunError('out-not-writable', `${out} has no free name for a run left in this second`);
}

/** @returns the outermost folder that had to be made, undefined if `out` was there. */
async function makeOut(out: string): Promise<string | undefined> {
  try {
    return await makeFolders(resolve(out));
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'EEXIST' || code === 'ENOTDIR') {
      throw new RunError('out-not-a-folder', `${out} is not a folder`, { cause });
    }
    throw new RunError('out-not-writable', `${out} cannot be made (${code})`, { cause });
  }
}

/** Node's recursive mkdir never returns where a folder exists but refuses children with ENOENT, as `/proc` does. */
async function makeFolders(path: string): Promise<string | undefined> {
  if (await isFolder(path)) return undefined;
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || (await isFolder(dirname(path)))) throw error;
    const outermost = await makeFolders(dirname(path));
    await mkdir(path);
    return outermost ?? path;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
