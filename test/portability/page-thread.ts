/** The compute thread of a page: a Web Worker, with the backend and the digests that a browser has. */
import { startWasm } from '@gradcast/backends-web';
import { createEngine } from '@gradcast/engine';
import { builtinTask } from '@gradcast/tasks';
import { selectKernels } from '@gradcast/vector';
import { serveCompute } from '@gradcast/worker-core';
import type { ComputeDevice, ComputePort, ToCompute } from '@gradcast/worker-core';
import { sha256 } from './lone-worker.ts';

/** What is used of a Web Worker's global scope. */
const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  onmessage: ((event: MessageEvent<ToCompute>) => void) | null;
};

const port: ComputePort = {
  post: (message, transfer) => scope.postMessage(message, transfer),
  listen: (take) => (scope.onmessage = ({ data }) => take(data)),
  // A message to itself comes after those that have arrived.
  takeArrived: () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve();
      port2.postMessage(null);
    }),
};

async function load(): Promise<ComputeDevice> {
  const backend = await startWasm(new URL('/wasm/', location.origin).href);
  return {
    profile: backend.profile,
    findTask: builtinTask,
    createEngine: (model) => createEngine(model, backend),
    createKernels: (reserve) => selectKernels({ reserve }),
    sha256,
    now: () => performance.now(),
  };
}

void serveCompute(port, load);
