/**
 * A coordinator's run from the first check to the summary: sets the stages up, drives the rounds, ends cleanly.
 */
import { performance } from 'node:perf_hooks';
import type { Access, ChildMessage, CoordinatorConfig, Summary } from '@gradcast/config';
import { readRun, RunError } from '@gradcast/checkpoint';
import { IMAGE_BYTES, loadDataset, MicroBatches } from '@gradcast/dataset';
import type { Dataset } from '@gradcast/dataset';
import { buildModel, presets } from '@gradcast/model';
import type { Model, PresetName } from '@gradcast/model';
import { collectVectors, TrainingState } from '@gradcast/optimizer';
import { codecReserve, createCodec } from '@gradcast/reduction';
import type { GradientCodec } from '@gradcast/reduction';
import { selectKernels } from '@gradcast/vector';
import type { VectorKernels } from '@gradcast/vector';
import type { Logger } from 'pino';
import { isLoopbackName } from './admission.ts';
import { Arbiter } from './arbiter.ts';
import { Book } from './book.ts';
import { openDoors } from './doors.ts';
import type { Doors } from './doors.ts';
import { CoordinatorError } from './failure.ts';
import { RETURN_MS } from './farewell.ts';
import { Fleet, TICK_MS } from './fleet.ts';
import { lengthOf } from './length.ts';
import { PhaseTimer } from './records.ts';
import { begin } from './resume.ts';
import type { Beginning, NumericDefinition } from './resume.ts';
import { round } from './round.ts';
import type { RoundOutcome } from './round.ts';
import { Samples } from './samples.ts';
import { Saving } from './saving.ts';
import { Telemetry } from './telemetry.ts';
import { fromHere, summarize } from './summary.ts';
import { firstProfile } from './used-profiles.ts';
import { Watch } from './watch.ts';

export interface RunOptions {
  readonly config: CoordinatorConfig;
  readonly access: Access;
  /** Path of a Unix socket for workers of the same command, or null. */
  readonly localSocket: string | null;
  readonly logger: Logger;
  readonly tell: (message: ChildMessage) => void;
  /** Aborts when the run is to stop with a checkpoint. */
  readonly stop: AbortSignal;
  /** Aborts when the command that started this process has no worker left. */
  readonly localWorkersEnded: AbortSignal;
}

/** How a run ended; the process's exit code follows from it. */
export interface RunResult {
  readonly summary: Summary;
}

/** Long enough that workers who come back at the last moment still hear that the run is done. */
const LINGER_MS = RETURN_MS + 1_000;
const now = () => performance.now();

/** @throws an error with `code` and one sentence for everything a user can get wrong. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { config } = options;
  const dataset = await loadDataset({ directory: config.data ?? undefined });
  const totalSteps = lengthOf(config, dataset);
  const { microBatchSize, microBatches, preset, seed, learningRate, codec: codecName } = config;
  const numeric: NumericDefinition = {
    preset,
    seed,
    microBatchSize,
    microBatches,
    learningRate,
    codec: codecName,
    dataset: dataset.sha256,
  };
  const stored = { ...config, dataset: dataset.sha256 };
  const model = buildModel({ ...presets[preset as PresetName], microBatch: microBatchSize, microBatches });
  // The ports come first: if one is taken, no folder was made and no run was touched.
  const kernels = selectKernels({ reserve: [...TrainingState.reserve(model), ...codecReserve(codecName, model)] });
  const codec = createCodec(codecName, { layout: model, seed, kernels });
  const doors = await openDoors(options, codec.nodeBytes);
  try {
    const beginning = await begin(config, numeric, stored);
    try {
      const finished = await finishedSummary(beginning, totalSteps);
      if (finished) return { summary: finished };
      await beginning.folder.forgetSummary();
      return await new Running(options, {
        dataset,
        totalSteps,
        numeric,
        stored,
        model,
        kernels,
        codec,
        beginning,
        doors,
      }).run();
    } finally {
      await beginning.folder.releaseOrRemove();
    }
  } finally {
    await doors.close();
  }
}

/** The summary of a run that has nothing left to do. */
async function finishedSummary({ folder, loaded }: Beginning, totalSteps: number): Promise<Summary | undefined> {
  if (!loaded || loaded.checkpoint.info.step < totalSteps) return undefined;
  const summary = (await readRun(folder.path)).summary as Partial<Summary> | undefined;
  return summary?.status === 'completed' && summary.steps === totalSteps ? (summary as Summary) : undefined;
}

interface Prepared {
  readonly dataset: Dataset;
  readonly totalSteps: number;
  readonly numeric: NumericDefinition;
  readonly stored: Readonly<Record<string, unknown>>;
  readonly model: Model;
  readonly kernels: VectorKernels;
  readonly codec: GradientCodec;
  readonly beginning: Beginning;
  readonly doors: Doors;
}

class Running {
  readonly #options: RunOptions;
  readonly #prepared: Prepared;
  readonly #state: TrainingState;
  readonly #telemetry: Telemetry;
  readonly #samples: Samples;
  readonly #startVersion: number;
  readonly #arbiter = new Arbiter();

  constructor(options: RunOptions, prepared: Prepared) {
    this.#options = options;
    this.#prepared = prepared;
    const { config, logger, tell } = options;
    const { beginning, dataset, totalSteps, model, kernels } = prepared;
    const { learningRate, seed } = config;
    const stateOptions = { model, kernels, learningRate };
    this.#state = beginning.loaded
      ? TrainingState.restore(stateOptions, collectVectors(model, beginning.loaded.checkpoint.tensors))
      : TrainingState.initial(stateOptions, seed);
    this.#startVersion = this.#state.version;
    this.#telemetry = new Telemetry({
      model,
      logger,
      tell,
      samplesPerEpoch: dataset.count,
      totalSteps,
      logInterval: config.logInterval,
      now,
      wallClock: Date.now,
    });
    this.#telemetry.used.recall(beginning.loaded?.checkpoint.info.profile);
    this.#samples = new Samples({
      preset: config.preset,
      seed,
      backend: config.backend,
      runFolder: beginning.folder.path,
      onFailed: (sentence) => this.#telemetry.writing.failed('sample', sentence),
      onDrawn: () => this.#telemetry.writing.written('sample'),
    });
  }

  async run(): Promise<RunResult> {
    const { config, access, tell, stop } = this.#options;
    const { beginning, totalSteps, doors } = this.#prepared;
    const { folder, damaged, loaded } = beginning;
    const telemetry = this.#telemetry;
    for (const sentence of damaged) telemetry.notice(`${sentence} The checkpoint before it is used.`);
    const incarnation = await folder.startIncarnation();
    const book = await this.#book(incarnation);
    const fleet = this.#fleet(incarnation);
    telemetry.serveOn(doors.metrics, () => fleet.workers);
    doors.admit((connection) => fleet.add(connection));
    this.#arbiter.configure({
      url: doors.url,
      token: access.local,
      onFailed: (sentence) => telemetry.notice(sentence),
    });
    const saving = this.#saving(incarnation, book);
    const log = await folder.openMetrics(this.#state.version, telemetry.writing.of('metrics'));
    telemetry.begin(log, this.#state.position);
    const { localWorkersEnded } = this.#options;
    const isLoopback = isLoopbackName(config.host);
    const watch = new Watch({ fleet, telemetry, ...config, isLoopback, localWorkersEnded, now });
    const ticking = setInterval(() => {
      fleet.tick();
      watch.tick();
      telemetry.showWorkers();
    }, TICK_MS);
    const onStop = () => fleet.stop();
    stop.addEventListener('abort', onStop);
    try {
      // Version 0 is safe before the first lease: whatever happens later, there is something to resume from.
      if (!loaded && !(await saving.now()))
        throw new CoordinatorError('checkpoint-write', 'the first checkpoint cannot be written');
      tell({
        type: 'listening',
        url: doors.url,
        localUrl: doors.localUrl,
        metricsUrl: doors.metricsUrl,
        runFolder: fromHere(folder.path),
        resumedFromStep: loaded ? this.#startVersion : null,
        totalSteps,
      });
      const status = await this.#train({ fleet, saving, watch, book });
      watch.end();
      return await this.#finish(status, fleet, saving);
    } finally {
      stop.removeEventListener('abort', onStop);
      clearInterval(ticking);
      this.#arbiter.close();
      fleet.disconnect();
      await Promise.allSettled([saving.close(), this.#samples.close(), log.close()]);
      await book.close().catch(() => undefined);
    }
  }

  async #train({ fleet, saving, watch, book }: Stations): Promise<Ended> {
    const { config, stop } = this.#options;
    const { totalSteps, codec, kernels } = this.#prepared;
    const state = this.#state;
    const terms = fleet.terms;
    this.#settle(fleet);
    while (state.version < totalSteps) {
      const outcome = await round({
        terms,
        state,
        fleet,
        codec,
        kernels,
        lastVersion: totalSteps,
        onDivergence: config.onDivergence,
        timer: () => new PhaseTimer(),
      });
      if ('record' in outcome) book.closed(outcome.record, state.replica.fingerprint);
      const ended = this.#after(outcome, stop.aborted, watch);
      if (ended) return ended;
      this.#settle(fleet);
      saving.afterStep();
      const { sampleEvery } = config;
      if (sampleEvery && state.version % sampleEvery === 0 && state.version < totalSteps) {
        this.#samples.draw(state.version, () => this.#weights());
      }
    }
    return { status: 'completed', sentence: 'the run is complete' };
  }

  /** What a round's end means for the run; undefined to go on. */
  #after(outcome: RoundOutcome, stopping: boolean, watch: Watch): Ended | undefined {
    switch (outcome.kind) {
      case 'closed':
        this.#telemetry.closed(outcome.record);
        return stopping ? STOPPED : undefined;
      case 'skipped':
        this.#telemetry.notice(`${outcome.sentence}; the step was skipped`);
        return stopping ? STOPPED : undefined;
      case 'diverged':
        this.#telemetry.notice(`${outcome.sentence}: the model diverged; try a smaller --lr`);
        return { status: 'diverged', sentence: outcome.sentence };
      case 'stopped':
        if (!watch.gaveUp) return STOPPED;
        return watch.isAlone ? ALONE : ABANDONED;
      default:
        return outcome satisfies never;
    }
  }

  /** The state is at rest: joiners may have it and results are checked against it. */
  #settle(fleet: Fleet): void {
    const { replica, version, normBound } = this.#state;
    const { parameters, first, second } = replica.vectors;
    fleet.settle({ version, fingerprint: replica.fingerprint, vectors: [parameters, first, second], normBound });
  }

  async #finish({ status, sentence }: Ended, fleet: Fleet, saving: Saving): Promise<RunResult> {
    const { config } = this.#options;
    const { folder } = this.#prepared.beginning;
    const safe = await saving.now();
    if (!safe) this.#telemetry.notice('the last checkpoint could not be written');
    const over = status === 'completed' || status === 'diverged';
    // A stopped run may come back: its workers are not sent home, they try to reach it again.
    const farewell = over ? fleet.dismiss(sentence, LINGER_MS) : Promise.resolve();
    if (status === 'completed' && config.sampleEvery !== null) {
      await this.#samples.drawLast(this.#state.version, () => this.#weights());
    }
    await farewell;
    const summary = summarize({
      status,
      config,
      folder,
      totalSteps: this.#prepared.totalSteps,
      state: this.#state,
      telemetry: this.#telemetry,
      samples: this.#samples.newest,
    });
    try {
      await folder.writeSummary({ ...summary, learningRate: config.learningRate });
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      this.#telemetry.notice(error.message);
    }
    return { summary };
  }

  /** The model's parameters with the weights that samples are drawn with, in memory of their own. */
  #weights(): Float32Array<ArrayBuffer> {
    const weights = Float32Array.from(this.#state.vectors.parameters);
    weights.set(this.#state.generatorWeights);
    return weights;
  }

  #fleet(incarnation: number): Fleet {
    const { config } = this.#options;
    const { beginning, dataset, codec, kernels } = this.#prepared;
    const { preset, seed, microBatchSize, microBatches } = config;
    const { model } = this.#state;
    const cutter = new MicroBatches({ dataset, preset: model.preset, shape: config, seed });
    const { minWorkers, maxWorkers, auditRate, exact } = config;
    return new Fleet({
      minWorkers,
      maxWorkers,
      auditRate,
      exactProfile: exact ? firstProfile(beginning.loaded?.checkpoint.info.profile) : null,
      resumed: beginning.loaded !== undefined,
      startArbiter: (like, name) => this.#arbiter.start(like, name),
      terms: {
        incarnation,
        run: beginning.folder.id,
        preset,
        seed,
        microBatchSize,
        microBatches,
        codec: config.codec,
      },
      payload: this.#payloadShape(),
      codec,
      kernels,
      cut: (step, range) => cutter.cut(step, range),
      now,
      events: this.#telemetry.fleetEvents(),
    });
  }

  #payloadShape() {
    const { model } = this.#state;
    return {
      parameters: model.parameters.length,
      pixels: IMAGE_BYTES,
      latent: model.preset.latent,
      microBatchSize: this.#options.config.microBatchSize,
    };
  }

  #book(incarnation: number): Promise<Book> {
    const { config } = this.#options;
    const { beginning, numeric, dataset } = this.#prepared;
    const { folder, loaded } = beginning;
    return Book.open({
      folder,
      definition: { ...numeric, samples: dataset.count },
      checkpoint: loaded?.checkpoint.info,
      incarnation,
      exact: config.exact,
      profileOf: (worker) => this.#telemetry.profileOf(worker),
      events: this.#telemetry.writing.of('ledger'),
      notice: (sentence) => this.#telemetry.notice(sentence),
    });
  }

  #saving(incarnation: number, ledger: Book): Saving {
    const { config } = this.#options;
    const { beginning, stored } = this.#prepared;
    const { saveEvery, saveSeconds, keepLast } = config;
    return new Saving({
      folder: beginning.folder,
      state: this.#state,
      config: stored,
      incarnation,
      saveEvery,
      saveSeconds,
      keepLast,
      ledger,
      profiles: () => this.#telemetry.used.keys,
      now,
      onSaved: (seconds, step) => this.#telemetry.saved(seconds, step),
      onFailed: (sentence) => this.#telemetry.writing.failed('checkpoint', sentence),
    });
  }
}

interface Stations {
  readonly fleet: Fleet;
  readonly saving: Saving;
  readonly watch: Watch;
  readonly book: Book;
}

interface Ended {
  readonly status: Summary['status'];
  readonly sentence: string;
}

const STOPPED: Ended = { status: 'stopped', sentence: 'the run was stopped' };
const ALONE: Ended = { status: 'failed', sentence: 'every local worker has ended' };
const ABANDONED: Ended = { status: 'abandoned', sentence: 'no worker came' };
