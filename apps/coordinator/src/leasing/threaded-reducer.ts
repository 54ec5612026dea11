/**
 * Adds in a thread, so that the run's own can go on receiving, sending and checking meanwhile.
 *
 * A thread that ends takes values with it that no worker has any more. That ends the run as any defect does, with the checkpoint of
 * the last step; a resume computes the lost one again, with the same bits.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { GradientCodec } from '@gradcast/reduction';
import { ownBuffers } from '@gradcast/tensors';
import { entryUrl } from '../entry.ts';
import { DirectReducer } from './reducer.ts';
import type { Reduced, Reducer, Reduction } from './reducer.ts';
import type { AddRequest, ReductionSettings, SumReply } from './reduction-messages.ts';

/**
 * Smaller values are added where they are: two of a megabyte take a third of a millisecond (f32) to one and a half (f16), a
 * message to a thread and back some 0.1. Larger ones lie in memory of their own, which can be handed over.
 */
const LEAST_NODE_BYTES = 1 << 20;

/** What is needed of a `Worker` of `node:worker_threads`. */
export interface ReductionThread {
  postMessage(request: AddRequest, transferred: ArrayBuffer[]): void;
  on(event: 'message', listener: (reply: SumReply) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (exitCode: number) => void): unknown;
  terminate(): Promise<unknown>;
}

interface Awaited {
  readonly step: number;
  readonly resolve: (reduced: Reduced | undefined) => void;
}

export class ThreadedReducer implements Reducer {
  readonly #thread: ReductionThread;
  #awaited: Awaited | undefined;
  #hasEnded = false;
  readonly #failed: (error: Error) => void;

  /** @param failed is told once why the thread ended, unless it was closed. */
  constructor(thread: ReductionThread, failed: (error: Error) => void) {
    this.#thread = thread;
    this.#failed = failed;
    thread.on('message', (reply) => this.#summed(reply));
    thread.on('error', (error) => this.#fail(error instanceof Error ? error.message : String(error)));
    thread.on('exit', (code) => this.#fail(`exit code ${code}`));
  }

  open(step: number, leaves: number): Reduction {
    return {
      add: (subtree, node) => this.#add({ step, leaves, subtree, node }),
      total: () => this.#total(step),
    };
  }

  async close(): Promise<void> {
    this.#end();
    await this.#thread.terminate();
  }

  #add(request: AddRequest): void {
    this.#thread.postMessage(request, ownBuffers(request.node));
  }

  #total(step: number): Promise<Reduced | undefined> {
    if (this.#hasEnded) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.#awaited = { step, resolve }));
  }

  #summed({ step, sum, ms }: SumReply): void {
    if (this.#awaited?.step !== step) return;
    this.#awaited.resolve({ sum, elsewhereMs: ms });
    this.#awaited = undefined;
  }

  #fail(why: string): void {
    if (this.#hasEnded) return;
    this.#failed(new Error(`the thread that adds gradients ended: ${why}`));
    this.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#awaited?.resolve(undefined);
    this.#awaited = undefined;
  }
}

/** Adds in a thread where values are large and there is a core for it, else here. */
export function reducerFor(codec: GradientCodec, settings: ReductionSettings, failed: (error: Error) => void): Reducer {
  if (codec.nodeBytes < LEAST_NODE_BYTES || availableParallelism() < 2) return new DirectReducer(codec);
  const { layout, ...others } = settings;
  // A task is more than its layout, and has functions, which no message can carry.
  const workerData: ReductionSettings = {
    ...others,
    layout: { parameters: layout.parameters, groups: layout.groups, tail: layout.tail },
  };
  const thread = new Worker(entryUrl('reduction-thread', import.meta.url), { workerData });
  // A start that fails must not wait for it.
  thread.unref();
  return new ThreadedReducer(thread, failed);
}
