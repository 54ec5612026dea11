/**
 * WebGPU in Node, from Dawn inside the npm package `webgpu`.
 *
 * Dawn finds drivers through the Vulkan loader (Linux), Metal (macOS) or Direct3D 12 (Windows); it needs no display.
 */
import { BackendError } from '@gradcast/engine';

let gpu: GPU | undefined;

/**
 * Makes `navigator.gpu` and the WebGPU globals exist in this thread, as they do in a browser; the tfjs backend reads both.
 *
 * @throws BackendError `webgpu-unavailable` if the package has no binary for this platform.
 */
export async function nodeGpu(): Promise<GPU> {
  if (gpu) return gpu;
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    gpu = create([]);
  } catch (cause) {
    throw new BackendError('webgpu-unavailable', `there is no WebGPU for ${process.platform} ${process.arch}`, {
      remedy: 'use --backend wasm or --backend tensorflow',
      cause,
    });
  }
  // Node has a navigator from version 21 on, without gpu; before that it has none.
  if (!('navigator' in globalThis)) {
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'node' }, configurable: true });
  }
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  return gpu;
}
