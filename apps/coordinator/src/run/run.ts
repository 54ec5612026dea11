/**
 * A coordinator's run from the first check to the summary. The stages it needs are set up in `services.ts`, the rounds
 * are driven by `training.ts`, and `finish.ts` says what became of it.
 *
 * Invariants: whatever can be refused is refused before anything on the disk is changed; a stop is obeyed at every moment.
 */
import type { Summary } from '@gradcast/config';
import { readRun } from '@gradcast/run-folder';
import type { LoadedCheckpoint } from '@gradcast/checkpoint';
import { assertSuits, openDataset } from '@gradcast/dataset';
import type { Dataset, OpenDataset } from '@gradcast/dataset';
import { definitionOf } from '@gradcast/definition';
import { collectVectors, TrainingState } from '@gradcast/optimizer';
import { chosenTask } from '@gradcast/own-task';
import { codecReserve, createCodec } from '@gradcast/reduction';
import { definedTask } from '@gradcast/task';
import { selectKernels } from '@gradcast/vector';
import { CoordinatorError } from '../failure.ts';
import { ControlListener } from '../network/control-listener.ts';
import { openListeners } from '../network/listeners.ts';
import { builtPage, PageFiles } from '../network/page-files.ts';
import { VIEW_FILES } from '../viewing/view-files.ts';
import { JOIN_FILES } from '../volunteers/join-files.ts';
import type { Prepared, RunOptions, RunResult } from './context.ts';
import type { RunControl } from './control.ts';
import { decayOf, refuseAverage, standstill } from './decay.ts';
import { evaluationsLookedAt, refuseEarlyStop } from './judged.ts';
import { obey } from './effects.ts';
import { finish } from './finish.ts';
import { lengthOf } from './length.ts';
import { begin } from './resume.ts';
import type { Beginning } from './resume.ts';
import { openServices } from './services.ts';
import { train } from './training.ts';
import { mayBeWatched } from './view.ts';

/** @throws an error with `code` and one sentence for everything a user can get wrong. */
export async function run(options: RunOptions): Promise<RunResult> {
  const opened = await openDataset({ directory: options.config.data ?? undefined });
  try {
    return await runOn(opened, options);
  } finally {
    await opened.close();
  }
}

async function runOn(opened: OpenDataset, options: RunOptions): Promise<RunResult> {
  const { config, control } = options;
  const totalSteps = lengthOf(config, opened);
  const { seed, codec: codecName } = config;
  const { task: known, identity } = chosenTask(config.preset, config.taskFile);
  refuseAverage(config, known);
  const decay = decayOf({ config, task: known, totalSteps });
  const lookedAt = evaluationsLookedAt(config);
  const task = definedTask(known, { ...config, ...decay, ...lookedAt });
  assertSuits(opened, task);
  const kernels = selectKernels({ reserve: [...TrainingState.reserve(task), ...codecReserve(codecName, task)] });
  const codec = createCodec(codecName, { layout: task, seed, kernels });
  const stateOptions = { task, kernels };
  const restore = ({ checkpoint }: LoadedCheckpoint) =>
    TrainingState.restore(stateOptions, collectVectors(task, checkpoint.tensors));
  refuseIfStopped(control);
  const joinFiles = config.join === null ? undefined : await PageFiles.read(JOIN_FILES, builtPage('join'));
  const isWatched = mayBeWatched(options) !== 'nobody';
  const viewFiles = isWatched ? await PageFiles.read(VIEW_FILES, builtPage('view')) : undefined;
  // The ports come first: if one is taken, no folder was made and no run was touched.
  const listeners = await openListeners(options, codec.nodeBytes);
  try {
    const dataset = await readUnlessStopped(opened, control);
    refuseEarlyStop(config, task, dataset);
    const definition = definitionOf({ ...config, ...decay, ...identity, dataset: dataset.sha256, ...lookedAt });
    const stored = { ...config, ...definition };
    const beginning = await begin({ config, definition, task: known, stored, restore });
    const { lost } = beginning.folder;
    const onLost = () =>
      options.yieldRun(
        new CoordinatorError(
          'run-lost',
          'this process stood still for so long that another one has taken the run over',
        ),
      );
    if (lost.aborted) onLost();
    lost.addEventListener('abort', onLost);
    const { localSocket, logger } = options;
    const operator = new ControlListener({ runFolder: beginning.folder.path, localSocket, logger });
    try {
      const finished = await finishedSummary(beginning, totalSteps);
      if (finished) return { summary: finished };
      refuseIfStopped(control);
      await beginning.takeUp();
      const state = beginning.state ?? TrainingState.initial(stateOptions, seed);
      return await drive(options, {
        dataset,
        totalSteps,
        definition,
        stored,
        state,
        kernels,
        codec,
        beginning,
        listeners,
        joinFiles,
        viewFiles,
        operator,
      });
    } finally {
      await operator.withdraw();
      await beginning.folder.releaseOrRemove();
      await operator.close();
    }
  } finally {
    await listeners.close();
  }
}

/** Reads the data set, which may take minutes; health checks are answered meanwhile. @throws CoordinatorError `stopped`. */
async function readUnlessStopped(opened: OpenDataset, control: RunControl): Promise<Dataset> {
  const stopped = new AbortController();
  const unsubscribe = control.onChange(() => {
    if (control.isEnding) stopped.abort();
  });
  try {
    return await opened.read(stopped.signal);
  } catch (error) {
    refuseIfStopped(control);
    throw error;
  } finally {
    unsubscribe();
  }
}

/** From the open services to the summary; whatever happens, the services are closed. */
async function drive(options: RunOptions, prepared: Prepared): Promise<RunResult> {
  const services = await openServices(options, prepared);
  const { control, defects } = options;
  const unsubscribe = obey(control, services);
  defects.begin((sentence) => control.apply({ kind: 'defect', sentence }));
  try {
    await services.announce();
    const still = standstill(prepared.definition, prepared.totalSteps);
    if (still !== undefined) services.telemetry.notice(still);
    control.apply({ kind: 'ready' });
    const context = { options, prepared, services };
    await train(context);
    if (defects.sentence !== undefined) services.telemetry.notice(defects.sentence);
    return { summary: await finish(context) };
  } finally {
    unsubscribe();
    await services.close();
  }
}

/** A run that nothing was done for yet leaves nothing behind. @throws CoordinatorError `stopped`. */
function refuseIfStopped({ isEnding }: RunControl): void {
  if (isEnding) throw new CoordinatorError('stopped', 'stopped before the run began');
}

/** The summary of a run that has nothing left to do. */
async function finishedSummary({ folder, loaded }: Beginning, totalSteps: number): Promise<Summary | undefined> {
  if (!loaded) return undefined;
  const summary = (await readRun(folder.path)).summary as Partial<Summary> | undefined;
  if (summary?.status !== 'completed') return undefined;
  const { step } = loaded.checkpoint.info;
  const isEarly = (summary.stoppedEarly ?? null) !== null && summary.steps === step;
  const isWhole = step >= totalSteps && summary.steps === totalSteps;
  return isEarly || isWhole ? (summary as Summary) : undefined;
}
