/** Loads a chosen backend in this thread; only the code of that one is imported. */
import type { LoadedBackend } from '@gradcast/engine';
import { nativeError } from '../native/errors.ts';
import type { Candidate } from './candidate.ts';
import type { Gpu } from './gpus.ts';

export interface BackendSettings {
  /** Compute threads; only the native backend has more than one. */
  readonly threads?: number;
  /** Needed by `cuda`. */
  readonly gpu?: Gpu | undefined;
}

/**
 * Registers the backend with tfjs-core and makes it current.
 *
 * @throws BackendError with the backend's own code.
 */
export async function loadBackend(
  candidate: Candidate,
  { threads = 1, gpu }: BackendSettings = {},
): Promise<LoadedBackend> {
  switch (candidate) {
    case 'cuda': {
      if (!gpu) throw nativeError('backend-unavailable', 'cuda needs a GPU', 'see gradcast doctor');
      const { loadTensorflow } = await import('../tensorflow/load.ts');
      return loadTensorflow({ threads, gpu: gpu.index, gpuName: gpu.name });
    }
    case 'tensorflow': {
      const { loadTensorflow } = await import('../tensorflow/load.ts');
      return loadTensorflow({ threads, graph: process.env['GRADCAST_GRAPH'] !== 'off' });
    }
    case 'webgpu': {
      const { loadWebgpu } = await import('../webgpu/load.ts');
      return loadWebgpu();
    }
    case 'wasm': {
      const { loadWasm } = await import('../wasm/load.ts');
      return loadWasm();
    }
    default:
      return candidate satisfies never;
  }
}
