/**
 * The thread that computes. It alone owns the replica and the device; messages are handled in order, and while a
 * micro-batch runs in native code only this thread waits for it.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { loadBackend } from '@gradcast/backends-node';
import { createEngine } from '@gradcast/engine';
import { presets } from '@gradcast/model';
import { Trainer } from '@gradcast/worker-core';
import { selectKernels } from '@gradcast/vector';
import type { ComputeSettings, FromCompute, ToCompute } from './compute-messages.ts';

async function main(port: MessagePort, { candidate, threads, gpu }: ComputeSettings): Promise<void> {
  const backend = await loadBackend(candidate, { threads, gpu });
  const trainer = new Trainer({
    preset: (name) => (Object.hasOwn(presets, name) ? presets[name as keyof typeof presets] : undefined),
    createEngine: (model) => Promise.resolve(createEngine(model, backend)),
    send: (bytes) => say(port, { type: 'frame', bytes }, [bytes.buffer]),
    sha256: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
    now: () => performance.now(),
    // Takes what has arrived without a turn of the event loop.
    yield: () => {
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
        take(next.message as ToCompute);
      return Promise.resolve();
    },
    measured: (computeMs, images) => say(port, { type: 'measured', computeMs, images }),
    idle: () => say(port, { type: 'idle', taken }),
    createKernels: (reserve) => selectKernels({ reserve }),
  });
  let taken = 0;
  const take = (message: ToCompute) => {
    if (message.type === 'disconnected') return trainer.disconnected();
    taken += 1;
    trainer.receive(message.bytes).catch((error: unknown) => fail(port, error));
  };
  port.on('message', take);
  say(port, { type: 'loaded', profile: backend.profile });
}

function say(port: MessagePort, message: FromCompute, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function fail(port: MessagePort, error: unknown): void {
  const { code, message } = error as Error & { code?: unknown };
  say(port, { type: 'failed', code: typeof code === 'string' ? code : 'compute-failed', sentence: message });
}

if (parentPort) {
  const port = parentPort;
  main(port, workerData as ComputeSettings).catch((error: unknown) => fail(port, error));
}
