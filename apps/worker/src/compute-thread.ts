/** The thread that computes, in Node: its backend, its line to the main thread, its digests. */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { loadBackend } from '@gradcast/backends-node';
import { openEngine } from '@gradcast/engine';
import type { DeviceEvent } from '@gradcast/engine';
import { findTask } from '@gradcast/own-task';
import { selectKernels } from '@gradcast/vector';
import { serveCompute } from '@gradcast/worker-core';
import type { ComputeDevice, ComputePort, ToCompute } from '@gradcast/worker-core';
import type { ComputeSettings } from './start-thread.ts';

async function load(
  { candidate, threads, gpu, taskFile, tune: mode, started }: ComputeSettings,
  tell: (event: DeviceEvent) => void,
): Promise<ComputeDevice> {
  const backend = await loadBackend(candidate, { threads, gpu, tell, tuning: { mode, started } });
  return {
    profile: backend.profile,
    findTask: (identity) => findTask(identity, taskFile),
    createEngine: (model) => openEngine(model, backend),
    createKernels: (reserve) => selectKernels({ reserve }),
    sha256: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
    now: () => performance.now(),
  };
}

function portOf(port: MessagePort): ComputePort {
  let take: (message: ToCompute) => void = () => undefined;
  return {
    post: (message, transfer) => port.postMessage(message, transfer),
    listen: (listener) => {
      take = listener;
      port.on('message', listener);
    },
    // Takes what has arrived without a turn of the event loop.
    takeArrived: () => {
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
        take(next.message as ToCompute);
      return Promise.resolve();
    },
  };
}

if (parentPort) void serveCompute(portOf(parentPort), (tell) => load(workerData as ComputeSettings, tell));
