/**
 * What the model in training gives, as its task says: a grid of samples, or a score. One request at a time to a thread that is
 * started with the first.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackendChoice, ReadClasses, Scores } from '@gradcast/config';
import type { TaskIdentity } from '@gradcast/task';
import { entryUrl } from '../entry.ts';
import { AskedThread } from './asked-thread.ts';
import type { GridClasses } from './grid-classes.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** What the thread is started with. */
export interface OutputSettings {
  readonly identity: TaskIdentity;
  /** Path of the user's task file, or null. */
  readonly taskFile: string | null;
  readonly seed: number;
  readonly backend: BackendChoice;
  /** Folder of the data set, or null for MNIST. */
  readonly data: string | null;
}

/** Show what these parameters give; a grid goes there. */
export interface OutputRequest {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly path: string;
  /** Whether the images of a grid are wanted, too. */
  readonly isRead: boolean;
}

/** `spread` says how much the samples of a grid differ: see `sampleSpread`. */
export type OutputReply =
  | { readonly path: string; readonly spread: number; readonly images: Uint8Array<ArrayBuffer> | null }
  | { readonly scores: Scores }
  | { readonly failed: string };

/** What is known of a grid. */
export interface GridFacts {
  readonly step: number;
  /** Images that the model had seen, over all starts of its run. */
  readonly images: number;
  readonly spread: number;
  /** Null where they were not read. */
  readonly classes: ReadClasses | null;
}

export interface OutputsOptions extends OutputSettings {
  readonly runFolder: string;
  /** Whether the task gives anything. */
  readonly isShown: boolean;
  /** Images of a step. */
  readonly batch: number;
  /** Who reads the classes of grids, if anybody does. */
  readonly reader: Pick<GridClasses, 'isRead' | 'read' | 'close'> | undefined;
  /** Nothing was shown; the next time is tried again. */
  readonly onFailed: (sentence: string) => void;
  readonly onDrawn: (facts: GridFacts) => void;
  readonly onScored: (step: number, scores: Scores) => void;
}

/** A grid of samples: the step that it shows, and its file. */
export interface Grid {
  readonly step: number;
  readonly path: string;
}

/** The last one may take this long once the run is over; a slow backend needs seconds. */
const LAST_OUTPUT_MS = 120_000;

export class Outputs {
  readonly #options: OutputsOptions;
  readonly #thread: AskedThread<OutputRequest, OutputReply>;
  readonly #work = new OneAtATime();
  #grid: Grid | undefined;
  #scores: Scores | null = null;

  constructor(options: OutputsOptions) {
    const { identity, taskFile, seed, backend, data } = options;
    const settings: OutputSettings = { identity, taskFile, seed, backend, data };
    this.#options = options;
    this.#thread = new AskedThread(entryUrl('output-thread', import.meta.url), { settings, title: 'output thread' });
  }

  /** Path of the newest grid. */
  get grid(): string | null {
    return this.#grid?.path ?? null;
  }

  /** The newest grid. */
  get newest(): Grid | undefined {
    return this.#grid;
  }

  /** The newest scores. */
  get scores(): Scores | null {
    return this.#scores;
  }

  /**
   * Shows what a step led to, unless an earlier one is still being shown.
   *
   * @param parameters the task's, with the weights to show; copied before this returns.
   */
  show(step: number, parameters: () => Float32Array<ArrayBuffer>): void {
    if (this.#options.isShown) this.#work.begin(() => this.#show(step, parameters()));
  }

  /** Shows what the last step led to, after what is being shown, within a bounded time. */
  async showLast(step: number, parameters: () => Float32Array<ArrayBuffer>): Promise<void> {
    const { isShown, onFailed } = this.#options;
    if (!isShown) return;
    await this.#work.last(() => this.#show(step, parameters()), {
      patienceMs: LAST_OUTPUT_MS,
      onLate: () => onFailed(`the last output of the model was not there within ${LAST_OUTPUT_MS / 1000} s`),
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#thread.close(), this.#options.reader?.close()]);
  }

  async #show(step: number, weights: Float32Array<ArrayBuffer>): Promise<void> {
    const { runFolder, batch, reader } = this.#options;
    const folder = join(runFolder, 'samples');
    const path = join(folder, `step-${String(step).padStart(6, '0')}.png`);
    const images = step * batch;
    try {
      await mkdir(folder, { recursive: true });
      const isRead = reader?.isRead(images) ?? false;
      const reply = await this.#thread.ask({ weights, path, isRead }, [weights.buffer]);
      if ('failed' in reply) return this.#options.onFailed(`no output: ${reply.failed}`);
      if ('scores' in reply) {
        this.#scores = reply.scores;
        return this.#options.onScored(step, reply.scores);
      }
      this.#grid = { step, path: reply.path };
      const classes = reader && reply.images ? await reader.read(reply.images) : null;
      this.#options.onDrawn({ step, images, spread: reply.spread, classes });
    } catch (error) {
      this.#options.onFailed(`no output: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
