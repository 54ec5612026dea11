/** A run as its folder records it: what `verify` and `replay` begin with. */
import { join } from 'node:path';
import {
  assertPosition,
  Checkpoints,
  DEFINITION_FIELDS,
  LedgerError,
  readLedger,
  readRun,
  type Checkpoint,
  type Ledger,
} from '@gradcast/checkpoint';
import { buildModel, presets, type Model, type PresetName } from '@gradcast/model';
import { collectVectors, TrainingState } from '@gradcast/optimizer';
import { referenceKernels } from '@gradcast/vector';

export interface RecordedRun {
  readonly path: string;
  readonly checkpoints: Checkpoints;
  /** Its chain is intact. */
  readonly ledger: Ledger;
  /** The model that the ledger's definition names. */
  readonly model: Model;
  /** config.json */
  readonly config: unknown;
  /** summary.json, or undefined if the run is not over. */
  readonly summary: unknown;
}

/**
 * Reads a run's ledger and what describes it.
 *
 * @throws RunError `run-missing`, `run-corrupt`; LedgerError `ledger-missing`, `ledger-damaged`, and `ledger-mismatch` if
 *   the ledger is another run's.
 */
export async function openRecordedRun(path: string): Promise<RecordedRun> {
  const { config, summary } = await readRun(path);
  const ledger = await readLedger(path);
  assertDefinition(ledger, config, join(path, 'config.json'));
  const { preset, microBatchSize, microBatches } = ledger.header;
  if (!Object.hasOwn(presets, preset)) {
    throw mismatch(ledger, { line: 1, field: 'preset' }, `the preset ${preset} is not known to this version`);
  }
  const model = buildModel({ ...presets[preset as PresetName], microBatch: microBatchSize, microBatches });
  return { path, checkpoints: new Checkpoints(join(path, 'checkpoints')), ledger, model, config, summary };
}

/** @throws LedgerError `ledger-mismatch` naming the first field in which `config` is another run's. */
export function assertDefinition(ledger: Ledger, config: unknown, of: string): void {
  const theirs = Object(config) as Readonly<Record<string, unknown>>;
  const field = DEFINITION_FIELDS.find((name) => theirs[name] !== ledger.header[name]);
  if (field === undefined) return;
  const sentence = `${field} is ${ledger.header[field]}, but ${JSON.stringify(theirs[field])} in ${of}`;
  throw mismatch(ledger, { line: 1, field }, sentence);
}

/** Line number and content of a step. @throws LedgerError `ledger-mismatch` if the ledger has no such step. */
export function stepLine(ledger: Ledger, step: number) {
  for (const [index, { line }] of ledger.lines.entries()) {
    if (line.kind === 'step' && line.step === step) return { number: index + 1, line };
  }
  const place = { line: ledger.lines.length, field: 'step' };
  throw mismatch(ledger, place, `there is no line of step ${step}`);
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
export function recordedState({ ledger, model }: RecordedRun, { info, tensors }: Checkpoint): TrainingState {
  const { step, config } = info;
  const of = `the checkpoint of step ${step}`;
  assertDefinition(ledger, config, of);
  assertPosition(ledger.path, { lines: ledger.lines, fault: undefined }, { ...info.ledger, of });
  const state = TrainingState.restore(
    { model, kernels: referenceKernels, learningRate: ledger.header.learningRate },
    collectVectors(model, tensors),
  );
  if (state.version !== step) {
    throw mismatch(ledger, { line: info.ledger.length, field: 'step' }, `${of} holds the state of ${state.version}`);
  }
  if (step > 0) {
    const { number, line } = stepLine(ledger, step);
    const { fingerprint } = state.replica;
    if (line.state !== fingerprint) {
      throw mismatch(ledger, { line: number, field: 'state' }, `state is ${line.state}, but ${fingerprint} in ${of}`);
    }
  }
  return state;
}
