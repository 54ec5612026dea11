/** The compute thread as one of Node's `worker_threads`. */
import { Worker } from 'node:worker_threads';
import type { Candidate, Gpu } from '@gradcast/backends-node';
import type { TuneMode } from '@gradcast/config';
import type { FromCompute, StartThread } from '@gradcast/worker-core';

/** What the thread is started with. */
export interface ComputeSettings {
  readonly candidate: Candidate;
  readonly threads: number;
  readonly gpu: Gpu | undefined;
  /** Path of the user's task file, or null. */
  readonly taskFile: string | null;
  readonly tune: TuneMode;
  /** When this process began, milliseconds since 1970. */
  readonly started: number;
}

export function threadOf(settings: ComputeSettings): StartThread {
  return (events) => {
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'mjs';
    const thread = new Worker(new URL(`./compute-thread.${ending}`, import.meta.url), { workerData: settings });
    thread.on('message', (message: FromCompute) => events.message(message));
    thread.on('error', (error) => events.ended(`the compute thread failed: ${String(error)}`));
    thread.on('exit', (code) => events.ended(`the compute thread ended with code ${code}`));
    return { post: (message, transfer) => thread.postMessage(message, transfer) };
  };
}
