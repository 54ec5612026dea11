/** Whether this machine can run the WebGPU tests. */
import { BackendError } from '../engine/backend-error.ts';
import { requestAdapter } from '../webgpu/adapter.ts';

/** The reason why not, or undefined if an adapter is there: a GPU, or Chromium's software renderer. */
export async function webgpuSkip(): Promise<string | undefined> {
  try {
    await requestAdapter();
    return undefined;
  } catch (error) {
    if (error instanceof BackendError && error.code === 'webgpu-no-adapter') return error.message;
    throw error;
  }
}
