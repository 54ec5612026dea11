/** tfjs' own WebGPU backend, for what has no plan: tasks of functions, and tensors that a command asks for. */
import { deviceOf, requestAdapter } from '@gradcast/backends-web';
import * as tf from '@tensorflow/tfjs-core';

let registered: Promise<void> | undefined;

/**
 * Registers the backend with tfjs-core, with a device of its own, and makes it current; the first call alone loads it.
 *
 * @throws BackendError `webgpu-no-adapter`, `webgpu-no-device`.
 */
export async function registerTfjsWebgpu(gpu: GPU): Promise<void> {
  registered ??= register(gpu);
  try {
    await registered;
  } catch (error) {
    registered = undefined;
    throw error;
  }
  await tf.setBackend('webgpu');
}

async function register(gpu: GPU): Promise<void> {
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  const found = await requestAdapter(gpu);
  const device = await deviceOf(found);
  // Small tensors would be computed in JavaScript as long as they have not been uploaded, so the bits of a gradient
  // would depend on what ran before.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, found.adapter.info));
}
