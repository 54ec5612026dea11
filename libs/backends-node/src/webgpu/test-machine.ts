/** Whether this machine can run the WebGPU tests. */
import { requestAdapter } from '@gradcast/backends-web';
import { BackendError } from '@gradcast/engine';
import { nodeGpu } from './gpu.ts';
import { loadWebgpu } from './load.ts';
import type { LoadedWebgpu } from './load.ts';

/** With its tensors current in tfjs-core, which the suites compare with. */
export async function registeredWebgpu(): Promise<LoadedWebgpu> {
  const backend = await loadWebgpu();
  await backend.register();
  return backend;
}

/** The reason why not, or undefined if an adapter is there: a GPU, or Chromium's software renderer. */
export async function webgpuSkip(): Promise<string | undefined> {
  try {
    await requestAdapter(await nodeGpu());
    return undefined;
  } catch (error) {
    if (error instanceof BackendError && error.code === 'webgpu-no-adapter') return error.message;
    throw error;
  }
}
