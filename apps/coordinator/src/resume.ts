/**
 * Where a run begins: a fresh folder, or an earlier run's newest sound checkpoint.
 */
import { dirname, join, resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import { Checkpoints, DEFINITION_FIELDS, listRuns, loadCheckpoint, readRun, RunFolder } from '@gradcast/checkpoint';
import type { LedgerDefinition, LoadedCheckpoint } from '@gradcast/checkpoint';
import type { CoordinatorConfig } from '@gradcast/config';
import { CoordinatorError } from './failure.ts';

/** What decides a run's bits, as its config.json and checkpoints hold it. */
export type NumericDefinition = Omit<LedgerDefinition, 'samples'>;

export interface Beginning {
  readonly folder: RunFolder;
  /** Undefined for a fresh run. */
  readonly loaded: LoadedCheckpoint | undefined;
  /** Newer checkpoints that were damaged and passed over. */
  readonly damaged: readonly string[];
}

/**
 * Opens or makes the run's folder, as `--resume` says.
 *
 * @param stored what goes into config.json.
 * @throws CoordinatorError `resume-mismatch` (exit 2) listing every numeric field that differs; errors of
 *   `@gradcast/checkpoint` for missing or damaged files.
 */
export async function begin(
  config: CoordinatorConfig,
  numeric: NumericDefinition,
  stored: Readonly<Record<string, unknown>>,
): Promise<Beginning> {
  const { resume, out } = config;
  if (resume === null) return fresh(config, stored);
  if (resume === 'auto') {
    const earlier = await newestLike(out, numeric);
    return earlier === undefined ? fresh(config, stored) : reopen(earlier, numeric, stored);
  }
  return reopen(resume, numeric, stored);
}

async function fresh(
  { out, preset }: CoordinatorConfig,
  stored: Readonly<Record<string, unknown>>,
): Promise<Beginning> {
  // Names of runs need not be repeatable, only unique.
  const folder = await RunFolder.create({ out, preset, config: stored, now: Date.now, random: Math.random });
  return { folder, loaded: undefined, damaged: [] };
}

async function reopen(
  path: string,
  numeric: NumericDefinition,
  stored: Readonly<Record<string, unknown>>,
): Promise<Beginning> {
  const loaded = await loadCheckpoint(path);
  refuseOther(path, loaded.checkpoint.info.config, numeric);
  const folder = await RunFolder.open(await runOf(path));
  // Before the ledger is taken back: a later start must not find a checkpoint that the ledger knows nothing of.
  await folder.checkpoints.setAsideAfter(loaded.checkpoint.info.step);
  await folder.writeConfig(stored);
  return { folder, loaded, damaged: loaded.damaged.map(({ message }) => message) };
}

/** The run folder that a path names: itself, or the one that holds the checkpoint. */
async function runOf(path: string): Promise<string> {
  const found = await stat(path);
  return found.isFile() ? dirname(dirname(resolve(path))) : path;
}

async function newestLike(out: string, numeric: NumericDefinition): Promise<string | undefined> {
  for (const { path } of await listRuns(out)) {
    const { config } = await readRun(path).catch(() => ({ config: undefined }));
    if (differences(config, numeric).length === 0 && (await hasCheckpoint(path))) return path;
  }
  return undefined;
}

/** A run that was killed before its first checkpoint holds nothing to go on from. */
async function hasCheckpoint(path: string): Promise<boolean> {
  return (await new Checkpoints(join(path, 'checkpoints')).list()).length > 0;
}

function refuseOther(path: string, config: unknown, numeric: NumericDefinition): void {
  const found = differences(config, numeric);
  if (found.length > 0) {
    throw new CoordinatorError('resume-mismatch', `${path} is another run: ${found.join('; ')}`, { exitCode: 2 });
  }
}

function differences(config: unknown, numeric: NumericDefinition): string[] {
  const theirs = Object(config) as Partial<Record<(typeof DEFINITION_FIELDS)[number], unknown>>;
  return DEFINITION_FIELDS.filter((field) => theirs[field] !== numeric[field]).map(
    (field) => `${field} is ${JSON.stringify(theirs[field])} there and ${JSON.stringify(numeric[field])} here`,
  );
}
