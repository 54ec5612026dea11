/**
 * Starts the `wasm` backend in any runtime: Node's threads, a browser's page or worker.
 *
 * Invariant: the same bits on every machine. WebAssembly defines each operation's result, so nothing may be left to choose
 * but the binary: always the one with SIMD, always one thread, whatever the runtime would offer.
 */
import * as tf from '@tensorflow/tfjs-core';
import { getThreadsCount, setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import { BackendError } from '@gradcast/engine';
import type { LoadedBackend } from '@gradcast/engine';
import { conv2DBackpropFilter } from './filter-gradient.ts';
import { explicitConv2D } from './forward.ts';
import { conv2DBackpropInput } from './input-gradient.ts';
import { wasmKernels } from './kernels.ts';
import { fastBatchMatMul } from './mat-mul.ts';
import { fastTranspose } from './transpose.ts';

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
 * Registers the backend with tfjs-core, adds its training kernels and makes it current. The profile names nothing of the
 * processor or the runtime.
 *
 * @param binaries where the `.wasm` files of tfjs-backend-wasm lie: a folder or the start of a URL, ending in a separator.
 * @throws BackendError `wasm-unavailable` if the binary cannot be loaded, or the processor has no SIMD.
 */
export async function startWasm(binaries: string): Promise<LoadedBackend> {
  setWasmPaths(binaries);
  registerKernels();
  // A page that is isolated from other origins would get the threaded binary, which cuts sums elsewhere.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  try {
    if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new Error('there is no SIMD');
    if (!(await tf.setBackend('wasm'))) throw new Error('the binary was refused');
  } catch (cause) {
    throw new BackendError('wasm-unavailable', 'the WebAssembly backend could not be started', {
      remedy: 'reinstall the packages with npm ci, and use a CPU and a Node with WebAssembly SIMD',
      cause,
    });
  }
  return {
    name: 'wasm',
    kernels: wasmKernels,
    profile: {
      backend: 'wasm',
      libraryVersion: version_wasm,
      device: 'cpu',
      threads: getThreadsCount(),
      features: 'simd128',
      mode: 'eager',
    },
  };
}
