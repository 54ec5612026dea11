/** A run as its folder records it: what `verify` and `replay` begin with. */
import { join } from 'node:path';
import { Checkpoints, type Checkpoint } from '@gradcast/checkpoint';
import { completedDefinition, differences, recordedPreset } from '@gradcast/definition';
import type { RunDefinition, TaskNumbers } from '@gradcast/definition';
import {
  LedgerError,
  openLedger,
  proveLedger,
  type KnownPlace,
  type Ledger,
  type PlacedLine,
  type ProvenLedger,
  type StepLine,
} from '@gradcast/ledger';
import { readRun } from '@gradcast/run-folder';
import type { Trainable } from '@gradcast/network';
import { collectVectors, TrainingState } from '@gradcast/optimizer';
import { definedTask } from '@gradcast/task';
import { findTask } from '@gradcast/own-task';
import { referenceKernels } from '@gradcast/vector';

export interface RecordedRun {
  readonly path: string;
  readonly checkpoints: Checkpoints;
  readonly ledger: Ledger;
  /** What the ledger's first line says, with what runs of its version had. */
  readonly definition: RunDefinition;
  /** What it says is trained, with the run's numbers. */
  readonly task: Trainable;
  /** The same as it comes. */
  readonly defaults: TaskNumbers;
  /** config.json */
  readonly config: unknown;
  /** summary.json, or undefined if the run is not over. */
  readonly summary: unknown;
}

/**
 * Reads the first line of a run's ledger and what describes the run.
 *
 * @param taskFile where the user's task lies, if not where the run was started with it.
 * @throws RunError `run-missing`, `run-corrupt`; LedgerError `ledger-missing`, `ledger-damaged`, and `ledger-mismatch` if
 *   the ledger is another run's.
 */
export async function openRecordedRun(path: string, taskFile: string | null = null): Promise<RecordedRun> {
  const { config, summary } = await readRun(path);
  const ledger = await openLedger(path);
  const preset = String(recordedPreset(ledger.header));
  const own = ledger.header.task ?? null;
  const known = findTask({ preset, task: own }, taskFile ?? recordedFile(config));
  if (!known) {
    const why = own === null ? 'is not known to this version' : 'is a task of its own: --task names its file';
    throw mismatch(ledger, { line: 1, field: 'preset' }, `the preset ${preset} ${why}`);
  }
  const definition = completedDefinition(ledger.header, known);
  const task = definedTask(known, definition);
  const run = { path, ledger, definition, task, defaults: known, config, summary };
  assertDefinition(run, config, join(path, 'config.json'));
  return { ...run, checkpoints: new Checkpoints(join(path, 'checkpoints')) };
}

function recordedFile(config: unknown): string | null {
  const { taskFile } = Object(config) as { taskFile?: unknown };
  return typeof taskFile === 'string' ? taskFile : null;
}

/** @throws LedgerError `ledger-mismatch` naming the first field in which `config` is another run's. */
function assertDefinition(
  { ledger, definition, defaults }: Pick<RecordedRun, 'ledger' | 'definition' | 'defaults'>,
  config: unknown,
  of: string,
): void {
  const difference = differences(config, definition, defaults).at(0);
  if (!difference) return;
  const { key: field, here, there } = difference;
  throw mismatch(ledger, { line: 1, field }, `${field} is ${here}, but ${JSON.stringify(there)} in ${of}`);
}

/** A step's line and its number, counted from 1. */
export interface NumberedStep {
  readonly number: number;
  readonly line: StepLine;
}

/** What a whole ledger says of one checkpoint. */
export interface Testimony extends ProvenLedger {
  /** The position of the checkpoint, and where it is. */
  readonly at: KnownPlace;
  /** The line of its step; undefined for the initial state. */
  readonly step: NumberedStep | undefined;
}

/**
 * Reads a run's whole ledger, proves it, and finds what it says of a checkpoint.
 *
 * @throws LedgerError for the first line that is wrong, or `ledger-damaged` if the ledger never was where the checkpoint
 *   says.
 */
export async function testify(
  ledger: Ledger,
  info: Checkpoint['info'] | undefined,
  onLine: (line: PlacedLine) => void = () => undefined,
): Promise<Testimony> {
  const { step = 0, ledger: position = { length: 0, head: '' } } = info ?? {};
  let at: KnownPlace = { length: 0, head: '0'.repeat(64), place: { part: 1, offset: 0 } };
  let found: NumberedStep | undefined;
  const proven = await proveLedger(ledger, (read) => {
    const { number, chain, line, part, end } = read;
    if (number === position.length) at = { length: number, head: chain, place: { part, offset: end } };
    if (line.kind === 'step' && line.step === step) found = { number, line };
    onLine(read);
  });
  if (info && at.head !== position.head) {
    const isMissing = at.length === 0;
    const line = isMissing ? proven.end.length + 1 : at.length;
    const sentence = isMissing
      ? `is missing: the checkpoint of step ${step} speaks of ${position.length} lines`
      : `is not the one that the checkpoint of step ${step} speaks of`;
    const place = { line, field: isMissing ? 'length' : 'chain' };
    throw new LedgerError('ledger-damaged', `${ledger.path} is damaged: line ${line} ${sentence}`, place);
  }
  return { ...proven, at, step: found };
}

/** What is said where a step has no line. */
export function noLine(ledger: Ledger, step: number, lines: number): LedgerError {
  return mismatch(ledger, { line: lines, field: 'step' }, `there is no line of step ${step}`);
}

/** A refusal that names a ledger's line and field. */
export function mismatch(
  { path }: Ledger,
  { line, field }: { readonly line: number; readonly field: string },
  sentence: string,
): LedgerError {
  return new LedgerError('ledger-mismatch', `${path}: line ${line} (${field}): ${sentence}`, { line, field });
}

/**
 * The state in a checkpoint, once it is known to be the one that the ledger speaks of.
 *
 * @throws LedgerError `ledger-damaged` or `ledger-mismatch` naming the line that says otherwise; StateMismatchError.
 */
export function recordedState(
  run: RecordedRun,
  { info, tensors }: Checkpoint,
  { step: recorded, end }: Testimony,
): TrainingState {
  const { ledger, task } = run;
  const { step, config } = info;
  const of = `the checkpoint of step ${step}`;
  assertDefinition(run, config, of);
  const state = TrainingState.restore({ task, kernels: referenceKernels }, collectVectors(task, tensors));
  if (state.version !== step) {
    throw mismatch(ledger, { line: info.ledger.length, field: 'step' }, `${of} holds the state of ${state.version}`);
  }
  if (step > 0) {
    if (!recorded) throw noLine(ledger, step, end.length);
    const { number, line } = recorded;
    const { fingerprint } = state.replica;
    if (line.state !== fingerprint) {
      throw mismatch(ledger, { line: number, field: 'state' }, `state is ${line.state}, but ${fingerprint} in ${of}`);
    }
  }
  return state;
}
