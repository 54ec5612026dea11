/** Whether this machine can run the WebGPU tests. */
import { requestAdapter } from '@gradcast/backends-web';
import { BackendError } from '@gradcast/engine';
import { nodeGpu } from './gpu.ts';

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
