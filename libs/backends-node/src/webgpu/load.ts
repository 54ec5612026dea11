/** The `webgpu` backend in Node. */
import { createRequire } from 'node:module';
import { startWebgpu } from '@gradcast/backends-web';
import type { LoadedWebgpu, WebgpuOptions } from '@gradcast/backends-web';
import { nodeGpu } from './gpu.ts';

const require = createRequire(import.meta.url);
const { version: libraryVersion } = require('@tensorflow/tfjs-backend-webgpu/package.json') as { version: string };

/**
 * Registers the backend with tfjs-core and makes it current; see {@link startWebgpu}.
 *
 * @throws BackendError those of `startWebgpu`, and `webgpu-unavailable` if the platform has no binary.
 */
export async function loadWebgpu(options: Pick<WebgpuOptions, 'adapter' | 'plans'> = {}): Promise<LoadedWebgpu> {
  return startWebgpu({ ...options, gpu: await nodeGpu(), libraryVersion });
}
