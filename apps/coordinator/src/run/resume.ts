/**
 * Where a run begins: a fresh folder, or an earlier run's newest sound checkpoint.
 *
 * Invariant: whatever can be refused about an earlier run is refused before anything in it is changed.
 */
import { dirname, join, resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import { CheckpointError, Checkpoints, loadCheckpoint, readCheckpoint } from '@gradcast/checkpoint';
import { differences, earlyStopOf } from '@gradcast/definition';
import type { RunDefinition, TaskNumbers } from '@gradcast/definition';
import { assertLedgerAt, LEDGER } from '@gradcast/ledger';
import { assertResumable, listRuns, readRun, RunFolder } from '@gradcast/run-folder';
import type { LoadedCheckpoint } from '@gradcast/checkpoint';
import type { CoordinatorConfig } from '@gradcast/config';
import type { TrainingState } from '@gradcast/optimizer';
import { CoordinatorError } from '../failure.ts';
import { EARLY_STOP_FACT, missingStep, NOTHING_REMEMBERED, remembered } from './early-stop.ts';
import type { Remembered } from './early-stop.ts';

export interface Beginning {
  readonly folder: RunFolder;
  /** Undefined for a fresh run. */
  readonly loaded: LoadedCheckpoint | undefined;
  /** The state in the checkpoint; undefined for a fresh run. */
  readonly state: TrainingState | undefined;
  /** Newer checkpoints that were damaged and passed over. */
  readonly damaged: readonly string[];
  /** With `--early-stop`: what the checkpoint remembers, and what has to be scored again. */
  readonly earlyStop: EarlyStopMemory;
  /** The first change to a run that was there before: from here on it is this start's. */
  readonly takeUp: () => Promise<void>;
}

export interface EarlyStopMemory {
  readonly known: Remembered;
  /** The step of a score that is not known, and the weights to draw with. */
  readonly missing: { readonly step: number; readonly weights: Float32Array<ArrayBuffer> } | undefined;
}

const NO_MEMORY: EarlyStopMemory = { known: NOTHING_REMEMBERED, missing: undefined };

export interface BeginOptions {
  readonly config: Pick<CoordinatorConfig, 'resume' | 'out' | 'preset'>;
  readonly definition: RunDefinition;
  /** The task that the definition names. */
  readonly task: TaskNumbers;
  /** What goes into config.json. */
  readonly stored: Readonly<Record<string, unknown>>;
  /** Makes the state of a checkpoint; throws if it is of another model. */
  readonly restore: (loaded: LoadedCheckpoint) => TrainingState;
}

/**
 * Finds an earlier run or makes a new one, as `--resume` says, and locks it. Everything about an earlier run is checked
 * before the lock is taken, and nothing but the lock is changed.
 *
 * @throws CoordinatorError `resume-mismatch` (exit 2) listing everything in which the definitions differ; StateMismatchError;
 *   RunError, LedgerError and CheckpointError for missing or damaged files.
 */
export async function begin(options: BeginOptions): Promise<Beginning> {
  const { resume, out } = options.config;
  const earlier = resume === 'auto' ? await newestLike(out, options) : (resume ?? undefined);
  return earlier === undefined ? fresh(options) : reopen(earlier, options);
}

async function fresh({ config: { out, preset }, stored }: BeginOptions): Promise<Beginning> {
  // Names of runs need not be repeatable, only unique.
  const folder = await RunFolder.create({ out, preset, config: stored, now: Date.now, random: Math.random });
  const takeUp = () => Promise.resolve();
  return { folder, loaded: undefined, state: undefined, damaged: [], earlyStop: NO_MEMORY, takeUp };
}

async function reopen(path: string, options: BeginOptions): Promise<Beginning> {
  let found = await inspect(path, options);
  const folder = await RunFolder.open(found.run);
  try {
    // Somebody else may have gone on with it between the first look and the lock.
    if ((await stampOf(found.run)) !== found.stamp) found = await inspect(path, options);
  } catch (error) {
    await folder.release();
    throw error;
  }
  const { loaded, state, earlyStop } = found;
  return {
    folder,
    loaded,
    state,
    damaged: loaded.damaged.map(({ message }) => message),
    earlyStop,
    takeUp: async () => {
      // Before the ledger is taken back: a later start must not find a checkpoint that the ledger knows nothing of.
      await folder.checkpoints.setAsideAfter(loaded.checkpoint.info.step);
      await folder.writeConfig(options.stored);
      await folder.forgetSummary();
    },
  };
}

interface Inspected {
  readonly run: string;
  readonly loaded: LoadedCheckpoint;
  readonly state: TrainingState;
  readonly earlyStop: EarlyStopMemory;
  readonly stamp: string;
}

/** Reads all that a run is taken up with, and changes nothing. */
async function inspect(path: string, options: BeginOptions): Promise<Inspected> {
  const run = await runOf(path);
  const stamp = await stampOf(run);
  const loaded = await loadCheckpoint(path);
  const { step, config, ledger } = loaded.checkpoint.info;
  refuseOther(path, config, options);
  const state = options.restore(loaded);
  await assertResumable(run);
  await assertLedgerAt(run, { ...ledger, step });
  const earlyStop = await earlyStopAt(run, loaded, options);
  return { run, loaded, state, earlyStop, stamp };
}

/** What early stopping needs from before a checkpoint. @throws CoordinatorError `early-stop-unknown`. */
async function earlyStopAt(
  run: string,
  { checkpoint: { info } }: LoadedCheckpoint,
  { definition, restore }: BeginOptions,
): Promise<EarlyStopMemory> {
  const rule = earlyStopOf(definition);
  if (!rule) return NO_MEMORY;
  const known = remembered(info.facts?.[EARLY_STOP_FACT]);
  const unknown = (what: string) =>
    new CoordinatorError('early-stop-unknown', `the checkpoint of step ${info.step} ${what}: resume from another one`);
  if (!known) throw unknown('does not say what --early-stop knows');
  const step = missingStep(rule, info.step, known);
  if (step === 0) return { known, missing: undefined };
  const path = new Checkpoints(join(run, 'checkpoints')).path(step);
  try {
    const weights = restore({ checkpoint: await readCheckpoint(path), path, damaged: [] }).averagedParameters;
    return { known, missing: { step, weights } };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw unknown(`lacks the score of step ${step}, which --early-stop needs, and ${error.message}`);
  }
}

/** Changes whenever a coordinator has worked on the run. */
async function stampOf(run: string): Promise<string> {
  const paths = (await new Checkpoints(join(run, 'checkpoints')).list()).map((checkpoint) => checkpoint.path);
  const files = [...paths, join(run, LEDGER), join(run, 'incarnation')];
  const facts = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return facts.map((fact, index) => `${files[index]} ${fact?.size} ${fact?.mtimeMs}`).join('\n');
}

/** The run folder that a path names: itself, or the one that holds the checkpoint. */
async function runOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? dirname(dirname(resolve(path))) : path;
}

async function newestLike(out: string, { definition, task }: BeginOptions): Promise<string | undefined> {
  for (const { path } of await listRuns(out)) {
    const { config } = await readRun(path).catch(() => ({ config: undefined }));
    if (differences(config, definition, task).length === 0 && (await hasCheckpoint(path))) return path;
  }
  return undefined;
}

/** A run that was killed before its first checkpoint holds nothing to go on from. */
async function hasCheckpoint(path: string): Promise<boolean> {
  return (await new Checkpoints(join(path, 'checkpoints')).list()).length > 0;
}

function refuseOther(path: string, config: unknown, { definition, task }: BeginOptions): void {
  const found = differences(config, definition, task).map(({ sentence }) => sentence);
  if (found.length > 0) {
    throw new CoordinatorError('resume-mismatch', `${path} is another run: ${found.join('; ')}`, { exitCode: 2 });
  }
}
