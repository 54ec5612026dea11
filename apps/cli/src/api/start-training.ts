/**
 * A run that a program started: the same coordinator and worker processes as those of `gradcast train`, watched and steered
 * over the pipe to the coordinator.
 *
 * Invariants: the processes end with the run, and with the program; nothing is printed.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ChildMessage, NumberedEvent, ResolvedTrain, RunStateName, Summary } from '@gradcast/config';
import type { Child, StartChild } from '../child.ts';
import type { StopSignal } from '../exit-codes.ts';
import { Reporter } from '../reporter.ts';
import type { Surroundings } from '../supervise.ts';
import { train as runTraining } from '../train.ts';
import { EventFeed } from './event-feed.ts';
import { GradcastError } from './gradcast-error.ts';
import { resolveOptions, type TrainOptions } from './train-options.ts';
import type { TrainingEvent, TrainingRun } from './training-run.ts';

const KEPT_EVENTS = 4096;

/** What starting processes needs; tests put their own in its place. */
export interface ProgramWorld {
  readonly start: StartChild;
  readonly report?: Surroundings['report'];
  readonly cores: number;
  readonly hostname: string;
}

/** As `train()`. */
export async function startTraining(options: TrainOptions, world: ProgramWorld): Promise<TrainingRun> {
  const started = new StartedRun(resolveOptions(options, world), world);
  await Promise.race([started.listening, started.summary]);
  return started;
}

type Listening = Extract<ChildMessage, { type: 'listening' }>;

class StartedRun implements TrainingRun {
  readonly events = new EventFeed<TrainingEvent>(KEPT_EVENTS);
  readonly summary: Promise<Summary>;
  readonly listening: Promise<void>;
  #told: Listening | null = null;
  #ended: Summary | null = null;
  #state: RunStateName = 'setting-up';
  #failure: GradcastError | null = null;
  #coordinator: Child | null = null;
  #stop: ((signal: StopSignal) => void) | null = null;
  #onListening: () => void = () => undefined;

  constructor(run: ResolvedTrain, world: ProgramWorld) {
    this.listening = new Promise((resolve) => (this.#onListening = resolve));
    this.summary = this.#run(run, world);
    // Whoever awaits it, or reads events, is told; a program that does neither is not ended for it.
    this.summary.catch(() => undefined);
  }

  get folder(): string {
    return (this.#told ?? this.#ended)!.runFolder;
  }

  get url(): string | null {
    return this.#told?.url ?? null;
  }

  get metricsUrl(): string | null {
    return this.#told?.metricsUrl ?? null;
  }

  get joinUrl(): string | null {
    return this.#told?.joinUrl ?? null;
  }

  async pause(): Promise<void> {
    this.#coordinator?.tell({ type: 'operate', operation: 'pause' });
    await this.#untilState((state, event) => {
      if (event?.cause.kind === 'operator' && event.cause.operation === 'resume') {
        throw new GradcastError('pause-withdrawn', 'the run was resumed before its open step had closed');
      }
      return state === 'paused';
    });
  }

  async resume(): Promise<void> {
    this.#coordinator?.tell({ type: 'operate', operation: 'resume' });
    await this.#untilState((state) => state !== 'paused');
  }

  async stop(): Promise<Summary> {
    const stop = this.#stop;
    // A second one would end it without a checkpoint.
    this.#stop = null;
    stop?.('SIGTERM');
    return this.summary;
  }

  async #run(run: ResolvedTrain, world: ProgramWorld): Promise<Summary> {
    try {
      const { summary } = await runTraining(run, this.#surroundings(world), () =>
        randomBytes(32).toString('base64url'),
      );
      this.#ended = summary;
      if (!summary) throw this.#failure ?? new GradcastError('coordinator-died', 'the coordinator ended unexpectedly');
      this.events.end();
      return summary;
    } catch (error) {
      this.events.end(error as Error);
      throw error;
    }
  }

  #surroundings({ start, report }: ProgramWorld): Surroundings {
    const silent = { write: () => undefined };
    const notices = { write: (text: string) => this.events.push({ type: 'notice', sentence: text.trimEnd() }) };
    const output = { stdout: silent, stderr: notices, json: false, progress: false, logInterval: 1 };
    return {
      start: (options) => {
        if (options.first.type !== 'coordinate') return start(options);
        const onMessage = (message: ChildMessage) => {
          this.#hear(message);
          options.onMessage(message);
        };
        this.#coordinator = start({ ...options, first: { ...options.first, tellsEvents: true }, onMessage });
        return this.#coordinator;
      },
      startMeasured: (options) =>
        start({
          ...options,
          onMessage: (message) => {
            // Its folder goes, and its events are none of this run's.
            if (message.type === 'failed') this.#hear(message);
            options.onMessage(message);
          },
        }),
      reporter: new Reporter({ ...output, now: () => performance.now() }),
      report,
      now: () => performance.now(),
      delay: (milliseconds, action) => {
        const timer = setTimeout(action, milliseconds);
        return () => clearTimeout(timer);
      },
      onSignal: (listener) => {
        this.#stop = listener;
        return () => (this.#stop = null);
      },
    };
  }

  #hear(message: ChildMessage): void {
    switch (message.type) {
      case 'listening':
        this.#told = message;
        this.#onListening();
        return;
      case 'event':
        if (message.event.type === 'state') this.#state = message.event.to;
        this.events.push(message.event);
        return;
      case 'progress':
        this.events.push(message);
        return;
      case 'failed':
        this.#failure = new GradcastError(message.code, message.sentence);
        return;
      default:
        // The supervisor's own.
        return;
    }
  }

  /** Resolves once the run's state is what is wanted. @param isWanted may throw what the caller is told instead. */
  async #untilState(isWanted: (state: RunStateName, event?: StateEvent) => boolean): Promise<void> {
    if (isWanted(this.#state)) return;
    for await (const event of this.events.fromNow()) {
      if (event.type === 'state' && isWanted(event.to, event)) return;
    }
    throw new GradcastError('run-ended', 'the run has ended');
  }
}

type StateEvent = Extract<NumberedEvent, { type: 'state' }>;
