/**
 * `gradcast replay`: computes a step of a run again, in this process, from the nearest kept checkpoint before it, and
 * holds the bits against the ledger. What it computes is what a run computes (the same cut of the data, the same
 * gradients, the same tree, the same step of the optimizer), without workers or network.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { CheckpointError, type Checkpoint } from '@gradcast/checkpoint';
import { ledgerLines, type StepLine } from '@gradcast/ledger';
import { chooseBackend, loadBackend, type BackendRequest } from '@gradcast/backends-node';
import { openEngine } from '@gradcast/engine';
import { loadDataset, MicroBatches, type Dataset } from '@gradcast/dataset';
import type { Trainable } from '@gradcast/network';
import type { GradientEngine } from '@gradcast/task';
import { TrainingState } from '@gradcast/optimizer';
import { createCodec } from '@gradcast/reduction';
import { takeProbe, wholeStep } from '@gradcast/step';
import type { WholeStepOptions } from '@gradcast/step';
import { referenceKernels as kernels } from '@gradcast/vector';
import { EXIT_DONE } from './exit-codes.ts';
import {
  noLine,
  openRecordedRun,
  recordedState,
  testify,
  type NumberedStep,
  type RecordedRun,
  type Testimony,
} from './recorded-run.ts';

export interface ReplayRequest {
  /** Run folder. */
  readonly run: string;
  /** The step to compute again; the first is 1. */
  readonly step: number;
  readonly backend: BackendRequest;
  readonly threads: number;
  /** Folder of the run's data where it lies elsewhere now; null for where it was. */
  readonly data: string | null;
  /** The user's task file, likewise. */
  readonly task: string | null;
  readonly json: boolean;
}

/** What can be wrong with a replay besides its run. */
export type ReplayErrorCode = 'replay-mismatch' | 'replay-data';

/** A step cannot be computed again, or came out differently. `message` is one sentence and names the first difference. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly code: ReplayErrorCode;

  constructor(code: ReplayErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

type EngineOpener = (task: Trainable, request: ReplayRequest) => Promise<GradientEngine>;

/** What the command needs besides its options; tests put their own in its place. */
export interface ReplaySurroundings {
  readonly say: (line: string) => void;
  /** One line about anything a user should know. */
  readonly warn: (line: string) => void;
  readonly openEngine?: EngineOpener;
}

/**
 * Replays a step for a user; returns the exit code.
 *
 * @throws ReplayError `replay-mismatch` naming the first step and field that differ, `replay-data` if the data are not
 *   the run's; RunError, LedgerError, CheckpointError, DatasetError, BackendError.
 */
export async function runReplay(request: ReplayRequest, around: ReplaySurroundings): Promise<number> {
  const { step, json } = request;
  const { say, warn, openEngine = openChosenEngine } = around;
  const run = await openRecordedRun(request.run, request.task);
  const { state, profile, wanted, recorded } = await stateBefore(run, step, warn);
  const start = state.version;
  const dataset = await datasetOf(run, request.data);
  const { seed, codec: codecName } = run.definition;
  const cutter = new MicroBatches({ dataset, fields: run.task.fields, shape: run.definition, seed });
  const cut: WholeStepOptions['cut'] = (version, range) => cutter.cut(version, range);
  const engine = await openEngine(run.task, request);
  try {
    const steps = step - start;
    const from = start === 0 ? 'the initial state' : `the checkpoint of step ${start}`;
    const counted = steps === 1 ? '1 step' : `${steps} steps`;
    warn(`computing ${counted} from ${from}`);
    await compareProbe(run, { engine, profile, warn });
    const codec = createCodec(codecName, { layout: run.task, seed, kernels });
    while (state.version < step) {
      const { outcome, average } = await wholeStep({ engine, state, cut, codec, kernels });
      const next = await recorded.next();
      if (next.done) throw noLine(run.ledger, state.version, wanted.number);
      assertRepeated(run, next.value, { outcome, average, state: state.replica.fingerprint });
    }
    const { average, state: fingerprint } = wanted.line;
    if (json)
      say(JSON.stringify({ type: 'replayed', ok: true, step, steps, from: start, average, state: fingerprint }));
    else say(`replayed: the recorded bits again, from ${from} to step ${step} (${counted})`);
    return EXIT_DONE;
  } finally {
    await recorded.return(undefined);
    await dataset.close();
    engine.dispose();
  }
}

async function openChosenEngine(...[task, { backend, threads }]: Parameters<EngineOpener>): Promise<GradientEngine> {
  const { candidate, gpus } = await chooseBackend(backend);
  return openEngine(task, await loadBackend(candidate, { threads, gpu: gpus[0] }));
}

interface Start {
  /** At the newest kept checkpoint before a step, else the initial one. */
  readonly state: TrainingState;
  /** What it was computed with. */
  readonly profile: unknown;
  /** The step that is replayed. */
  readonly wanted: NumberedStep;
  /** Steps after the state, in order. */
  readonly recorded: AsyncGenerator<NumberedStep, void>;
}

/** Proves the whole ledger on the way. */
async function stateBefore(run: RecordedRun, step: number, warn: (line: string) => void): Promise<Start> {
  const { task, ledger, definition } = run;
  const found = await checkpointBefore(run, step, warn);
  let wanted: NumberedStep | undefined;
  const testimony = await testify(ledger, found?.info, ({ line, number }) => {
    if (line.kind === 'step' && line.step === step) wanted = { line, number };
  });
  if (!wanted) throw noLine(ledger, step, testimony.end.length);
  const { seed } = definition;
  const state = found ? recordedState(run, found, testimony) : TrainingState.initial({ task, kernels }, seed);
  return { state, profile: found?.info.profile, wanted, recorded: stepsAfter(run, testimony) };
}

/** Steps behind a checkpoint; those of a long run do not fit into memory. */
async function* stepsAfter({ path }: RecordedRun, { at }: Testimony): AsyncGenerator<NumberedStep, void> {
  for await (const lines of ledgerLines(path, at)) {
    for (const { line, number } of lines) if (line.kind === 'step') yield { line, number };
  }
}

async function checkpointBefore(
  { checkpoints }: RecordedRun,
  step: number,
  warn: (line: string) => void,
): Promise<Checkpoint | undefined> {
  try {
    const { checkpoint, damaged } = await checkpoints.loadNewest(step - 1);
    for (const { message } of damaged) warn(`${message}; the checkpoint before it is used`);
    return checkpoint;
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.code === 'checkpoint-format') throw error;
    if (error.code !== 'checkpoint-missing') warn(`${error.message}; no other before step ${step} is kept`);
    return undefined;
  }
}

async function datasetOf({ definition, config }: RecordedRun, elsewhere: string | null): Promise<Dataset> {
  const { data } = Object(config) as { data?: unknown };
  const directory = elsewhere ?? (typeof data === 'string' ? data : undefined);
  const dataset = await loadDataset({ directory });
  if (dataset.sha256 !== definition.dataset) {
    throw new ReplayError(
      'replay-data',
      `${dataset.title} is not the data of this run: its SHA-256 is ${dataset.sha256}`,
    );
  }
  return dataset;
}

/** @throws ReplayError `replay-mismatch`. */
function assertRepeated(
  { ledger }: RecordedRun,
  { number, line }: NumberedStep,
  computed: Pick<StepLine, 'outcome' | 'average' | 'state'>,
) {
  for (const field of ['outcome', 'average', 'state'] as const) {
    if (line[field] === computed[field]) continue;
    const sentence = `${ledger.path}: line ${number} (${field}): step ${line.step} has ${line[field]} there and ${computed[field]} here`;
    throw new ReplayError('replay-mismatch', sentence);
  }
}

/** Says whether this machine can be expected to give the run's bits: by the gradient of its probe micro-batch. */
async function compareProbe(
  run: RecordedRun,
  tools: { readonly engine: GradientEngine; readonly profile: unknown; readonly warn: (line: string) => void },
): Promise<void> {
  const { engine, warn } = tools;
  const profiles = await profilesOf(run, tools.profile);
  if (profiles.length === 0) return;
  const { task, definition } = run;
  const { seed } = definition;
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const { hash } = await takeProbe(engine, { task, seed, turns: 1, sha256, now: () => performance.now() });
  if (!profiles.some((key) => key.includes(hash!))) {
    warn("this machine's numeric profile is not the run's, so the last bits may differ; they are compared anyway");
  } else if (profiles.length > 1) {
    warn('the run mixed numeric profiles, so the last bits may differ; they are compared anyway');
  }
}

/** Keys of the profiles that the run used; the first checkpoint knows none yet, a later one does. */
async function profilesOf({ checkpoints }: RecordedRun, known: unknown): Promise<string[]> {
  const keys = (value: unknown) => (Array.isArray(value) ? value.filter((key) => typeof key === 'string') : []);
  const found = keys(known);
  if (found.length > 0) return found;
  const newest = await checkpoints.loadNewest().catch(() => undefined);
  return keys(newest?.checkpoint.info.profile);
}
