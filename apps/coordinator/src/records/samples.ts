/**
 * Sample grids: one request at a time to a thread that is started with the first.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { BackendChoice } from '@gradcast/config';
import { entryUrl } from '../entry.ts';

/** What the thread is started with. */
export interface SampleSettings {
  readonly preset: string;
  readonly seed: number;
  readonly backend: BackendChoice;
}

/** Draw a grid with these parameters and write it there. */
export interface SampleRequest {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly path: string;
}

export type SampleReply = { readonly path: string } | { readonly failed: string };

export interface SamplesOptions extends SampleSettings {
  readonly runFolder: string;
  /** No grid was drawn; the next one is tried again. */
  readonly onFailed: (sentence: string) => void;
  readonly onDrawn: (step: number) => void;
}

/** The last grid may take this long once the run is over; a slow backend draws it in seconds. */
const LAST_GRID_MS = 120_000;

export class Samples {
  readonly #options: SamplesOptions;
  #thread: Worker | undefined;
  #drawing: Promise<void> | undefined;
  #newest: string | null = null;

  constructor(options: SamplesOptions) {
    this.#options = options;
  }

  /** Path of the newest grid. */
  get newest(): string | null {
    return this.#newest;
  }

  /**
   * Draws the grid of a step unless one is being drawn.
   *
   * @param parameters the model's, with the weights to draw with; copied before this returns.
   */
  draw(step: number, parameters: () => Float32Array<ArrayBuffer>): void {
    if (this.#drawing) return;
    this.#drawing = this.#draw(step, parameters()).finally(() => (this.#drawing = undefined));
  }

  /** Draws the grid of the last step, after the one being drawn, within a bounded time. */
  async drawLast(step: number, parameters: () => Float32Array<ArrayBuffer>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#options.onFailed(`the last sample grid was not drawn within ${LAST_GRID_MS / 1000} s`);
        resolve();
      }, LAST_GRID_MS);
    });
    const last = async () => {
      await this.#drawing;
      this.draw(step, parameters);
      await this.#drawing;
    };
    await Promise.race([last(), patience]);
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  async #draw(step: number, weights: Float32Array<ArrayBuffer>): Promise<void> {
    const folder = join(this.#options.runFolder, 'samples');
    const path = join(folder, `step-${String(step).padStart(6, '0')}.png`);
    try {
      await mkdir(folder, { recursive: true });
      const reply = await this.#ask({ weights, path });
      if ('failed' in reply) return this.#options.onFailed(`no sample grid: ${reply.failed}`);
      this.#newest = reply.path;
      this.#options.onDrawn(step);
    } catch (error) {
      this.#options.onFailed(`no sample grid: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #ask(request: SampleRequest): Promise<SampleReply> {
    const { preset, seed, backend } = this.#options;
    const settings: SampleSettings = { preset, seed, backend };
    this.#thread ??= new Worker(entryUrl('sample-thread', import.meta.url), { workerData: settings });
    const thread = this.#thread;
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        // Only our own: a Worker has internal listeners under the same names.
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
        how();
      };
      const onMessage = (reply: SampleReply) => settle(() => resolve(reply));
      const onError = (error: unknown) => {
        // The next grid gets a thread of its own.
        this.#thread = undefined;
        settle(() => reject(error instanceof Error ? error : new Error(String(error))));
      };
      const onExit = (code: number) => onError(new Error(`the sample thread ended with code ${code}`));
      thread.on('message', onMessage).on('error', onError).on('exit', onExit);
      thread.postMessage(request, [request.weights.buffer]);
    });
  }
}
