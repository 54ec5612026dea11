/**
 * A process with one backend and one set of training kernels: the backend's own, or those that tfjs comes with. It
 * records which kernels a step calls, and times single ones on operands of the same shapes.
 */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { loadBackend } from '@gradcast/backends-node';
import { presets } from '@gradcast/gan';
import { genericKernels } from '@gradcast/network';
import type { Kernels } from '@gradcast/network';
import * as tf from '@tensorflow/tfjs-core';
import { serveParent } from '../harness/child.ts';
import type { Asked, StockBackend, Told } from './messages.ts';
import { record } from './record.ts';
import { timeCall } from './time-call.ts';

let kernels: Kernels;

serveParent<Asked, Told>({
  load: async ({ backend, set }) => {
    kernels = set === 'own' ? await ownKernels(backend) : await stockKernels(backend);
    return { type: 'loaded' };
  },
  record: async ({ preset }) => ({ type: 'recorded', cases: await record(kernels, presets[preset]) }),
  time: ({ leastMs, ...call }) => ({ type: 'timed', outcome: timeCall(kernels, call, leastMs) }),
});

async function ownKernels(backend: StockBackend): Promise<Kernels> {
  const { kernels: own, register } = await loadBackend(backend);
  await register?.();
  return own;
}

/** What tfjs comes with: its backend as published, and everything else composed from its operations. */
async function stockKernels(backend: StockBackend): Promise<Kernels> {
  if (backend === 'wasm') {
    // Not by our own loader, which puts faster kernels in place of some.
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    const found = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
    setWasmPaths(join(dirname(found), 'dist') + sep);
    await tf.setBackend('wasm');
  } else {
    await ownKernels(backend);
  }
  return genericKernels;
}
