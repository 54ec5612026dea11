/**
 * The `wasm` backend: always there, on any CPU that Node runs on. One thread: the threaded binary of
 * tfjs-backend-wasm does not run in Node.
 */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { getThreadsCount, setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { BackendError } from '../engine/backend-error.ts';
import type { LoadedBackend } from '../engine/backend.ts';
import { conv2DBackpropFilter } from './filter-gradient.ts';
import { explicitConv2D } from './forward.ts';
import { conv2DBackpropInput } from './input-gradient.ts';
import { wasmKernels } from './kernels.ts';
import { fastBatchMatMul } from './mat-mul.ts';
import { fastTranspose } from './transpose.ts';

const require = createRequire(import.meta.url);

/** Events for which the backend's loader installs handlers that would end the process on any rejected promise. */
const PROCESS_EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

let registered = false;

/** Puts the training kernels in place of what the backend lacks or does slowly; once per process. */
function registerKernels(): void {
  if (registered) return;
  for (const kernel of [
    explicitConv2D(),
    conv2DBackpropFilter,
    conv2DBackpropInput,
    fastBatchMatMul(),
    fastTranspose(),
  ]) {
    const { kernelName } = kernel;
    const present = tf.getKernelsForBackend('wasm').some((config) => config.kernelName === kernelName);
    if (present) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel(kernel);
  }
  registered = true;
}

/**
 * Registers the backend with tfjs-core, adds its training kernels and makes it current. Works on the main thread and in
 * a `worker_threads` thread; reads its binary from the installed package. The profile says 1
 * thread, whatever a run asks for.
 *
 * @throws BackendError `wasm-unavailable` if the binary cannot be loaded.
 */
export async function loadWasm(): Promise<LoadedBackend> {
  const handlers = PROCESS_EVENTS.map((event) => ({
    event,
    known: new Set<unknown>(process.listeners(event as 'exit')),
  }));
  const folder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  setWasmPaths(join(folder, 'dist') + sep);
  registerKernels();
  try {
    if (!(await tf.setBackend('wasm'))) throw new Error('the binary was refused');
  } catch (cause) {
    throw new BackendError('wasm-unavailable', 'the WebAssembly backend could not be started', {
      remedy: 'reinstall the packages with npm ci, and use a CPU and a Node with WebAssembly SIMD',
      cause,
    });
  } finally {
    for (const { event, known } of handlers) {
      for (const listener of process.listeners(event as 'exit')) {
        if (!known.has(listener)) process.removeListener(event, listener);
      }
    }
  }
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  return {
    name: 'wasm',
    kernels: wasmKernels,
    profile: {
      backend: 'wasm',
      libraryVersion: version_wasm,
      device: 'cpu',
      threads: getThreadsCount(),
      features: simd === true ? 'simd128' : 'scalar',
      mode: 'eager',
    },
  };
}
