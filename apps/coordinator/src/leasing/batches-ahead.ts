/**
 * Batches that are drawn before they are leased, in a thread of their own: what a step is made of depends on the seed and its
 * positions in the stream alone.
 *
 * Invariants: a cache and nothing else, with the bits of the cutter behind it. Nothing waits for the thread: what it has not
 * drawn is cut here. No more than two steps are held, the one leased last and the one after it, what is being drawn included.
 * A thread that dies is told once, and the run goes on without it.
 */
import { Worker } from 'node:worker_threads';
import type { LeafRange } from '@gradcast/schedule';
import { fieldShapes } from '@gradcast/task';
import { freeAll, sliceFields } from '@gradcast/tensors';
import type { FieldShape, FieldValues } from '@gradcast/tensors';
import { entryUrl } from '../entry.ts';
import type { BatchReply, BatchRequest, BatchSettings } from './batch-messages.ts';

/** What is needed of a `Worker` of `node:worker_threads`. */
export interface BatchThread {
  postMessage(request: BatchRequest): void;
  on(event: 'message', listener: (reply: BatchReply) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (exitCode: number) => void): unknown;
  /** What is still drawn keeps no process alive. */
  unref(): void;
  terminate(): Promise<unknown>;
}

/** What cuts the fields of some leaves of a step, `[count m, …]`. */
export interface Cutter {
  cut(step: number, range: LeafRange): FieldValues;
}

export interface BatchesAheadOptions {
  /** Cuts what the thread has not drawn. */
  readonly cutter: Cutter;
  readonly settings: BatchSettings;
  /** Steps `[from, to)` of the run are left. */
  readonly steps: { readonly from: number; readonly to: number };
  readonly notice: (sentence: string) => void;
  /** Starts another thread, in tests. */
  readonly start?: () => BatchThread;
}

export class BatchesAhead implements Cutter {
  readonly #options: BatchesAheadOptions;
  readonly #fields: readonly FieldShape[];
  /** Undefined once it is lost, or was closed. */
  #thread: BatchThread | undefined;
  /** Drawn by the thread. */
  readonly #held = new Map<number, FieldValues>();
  /** Being drawn. */
  #asked: number | undefined;
  /** The step that was leased last. */
  #leased: number;

  /** Starts the thread, with the first step: it comes before the first worker is there. */
  constructor(options: BatchesAheadOptions) {
    const { settings, steps } = options;
    const start = () => new Worker(entryUrl('batch-thread', import.meta.url), { workerData: settings });
    this.#options = options;
    this.#fields = fieldShapes(settings.fields);
    this.#leased = steps.from - 1;
    try {
      this.#thread = this.#listened((options.start ?? start)());
    } catch (error) {
      this.#tell(error);
    }
    this.#ask();
  }

  /** As the cutter's, but what is given is good until leaves of another step are cut. */
  cut(step: number, range: LeafRange): FieldValues {
    this.#turnTo(step);
    const drawn = this.#held.get(step);
    if (!drawn) return this.#options.cutter.cut(step, range);
    const { microBatchSize: m } = this.#options.settings.shape;
    return sliceFields(drawn, this.#fields, range.first * m, range.count * m);
  }

  /** Ends the thread; what is cut afterwards is cut here. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#keep(() => false);
    await thread?.terminate();
  }

  #listened(thread: BatchThread): BatchThread {
    thread.on('message', (reply) => this.#hear(reply));
    thread.on('error', (error) => this.#lost(error));
    thread.on('exit', (code) => this.#lost(new Error(`it ended with exit code ${code}`)));
    thread.unref();
    return thread;
  }

  #turnTo(step: number): void {
    // Leaves of the open step that somebody else gets once more, while the next was leased ahead: those are few.
    if (step === this.#leased || step === this.#leased - 1) return;
    this.#leased = step;
    this.#keep((held) => this.#isNear(held));
    this.#ask();
  }

  #isNear(step: number): boolean {
    return step === this.#leased || step === this.#leased + 1;
  }

  #keep(isKept: (step: number) => boolean): void {
    for (const [step, drawn] of this.#held) {
      if (isKept(step)) continue;
      this.#held.delete(step);
      freeAll(Object.values(drawn));
    }
  }

  #ask(): void {
    const next = this.#leased + 1;
    if (!this.#thread || this.#asked !== undefined || this.#held.has(next) || next >= this.#options.steps.to) return;
    this.#asked = next;
    this.#thread.postMessage({ step: next });
  }

  #hear({ step, fields }: BatchReply): void {
    this.#asked = undefined;
    if (!this.#thread || !this.#isNear(step)) freeAll(Object.values(fields));
    else this.#held.set(step, fields);
    // It was late, and another one is next by now.
    this.#ask();
  }

  /** The end of a thread after its error, or after {@link close}, is no news. */
  #lost(error: unknown): void {
    if (!this.#thread) return;
    this.#thread = undefined;
    this.#tell(error);
  }

  #tell(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#options.notice(`the thread that draws batches ahead failed (${why}); they are drawn as they are leased`);
  }
}
