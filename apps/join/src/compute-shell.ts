/** The shell of a compute worker around `serveCompute`: its line to the session worker, its digests, its rests. */
import { builtinTask } from '@gradcast/tasks';
import { selectKernels } from '@gradcast/vector';
import { serveCompute } from '@gradcast/worker-core';
import type { ComputeDevice, ComputePort, FromCompute, LoadDevice, ToCompute } from '@gradcast/worker-core';
import { sha256 } from './digest.ts';
import type { Limit } from './messages.ts';
import { Throttle } from './throttle.ts';

/** What is used of a Web Worker's global scope. */
const scope = globalThis as unknown as {
  postMessage(message: FromCompute, transfer: ArrayBuffer[]): void;
  onmessage: ((event: MessageEvent<ToCompute | Limit>) => void) | null;
};

/** What a processor of this device computes with. */
export type Backend = Pick<ComputeDevice, 'profile' | 'createEngine'>;

/** Computes for the session worker with a backend, from now on. */
export function computeWith(start: (...args: Parameters<LoadDevice>) => Promise<Backend>): void {
  void serveCompute(throttledPort(new Throttle()), async (tell) => {
    const { profile, createEngine } = await start(tell);
    return {
      profile,
      findTask: builtinTask,
      createEngine,
      createKernels: (reserve) => selectKernels({ reserve }),
      sha256,
      now: () => performance.now(),
    };
  });
}

function throttledPort(throttle: Throttle): ComputePort {
  let take: (message: ToCompute) => void = () => undefined;
  scope.onmessage = ({ data }) => {
    if (data.type === 'limit') throttle.share = data.share;
    else take(data);
  };
  return {
    post: (message, transfer) => {
      if (message.type === 'measured') throttle.worked(message.computeMs, performance.now());
      scope.postMessage(message, transfer);
    },
    listen: (listener) => (take = listener),
    takeArrived: async () => {
      const restMs = throttle.restMs(performance.now());
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
      await turn();
    },
    rests: () => throttle.isLimited,
  };
}

/** A message to itself comes after those that have arrived. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
