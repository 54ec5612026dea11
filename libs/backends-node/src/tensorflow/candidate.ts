/** The native library, on a GPU and on the processor. */
import type { CandidateFacts } from '../choose/candidate.ts';
import { nativeError } from '../native/errors.ts';
import { isTensorflowInstalled } from './installed.ts';
import type { TensorflowMode } from './load.ts';

/** What `GRADCAST_GRAPH` asks for; undefined for the device's own way. */
function askedMode(): TensorflowMode | undefined {
  switch (process.env['GRADCAST_GRAPH']) {
    case 'off':
      return 'eager';
    case 'function':
      return 'function';
    case 'function-xla':
      return 'function-xla';
    default:
      return undefined;
  }
}

export const cuda: CandidateFacts = {
  backend: 'tensorflow',
  device: 'gpu',
  isNative: true,
  remedy: 'update the NVIDIA driver',
  ruledOut: ({ gpus, cache }) => {
    if (gpus.gpus.length === 0) {
      const remedy = gpus.driver ? 'see what nvidia-smi says' : 'needs an NVIDIA GPU and its driver';
      return { ok: false, reason: gpus.reason, remedy };
    }
    if (isTensorflowInstalled('cuda', cache)) return undefined;
    return { ok: false, reason: 'not installed', remedy: 'gradcast doctor --install --backend cuda' };
  },
  load: async ({ threads = 1, gpu }) => {
    if (!gpu) throw nativeError('backend-unavailable', 'cuda needs a GPU', 'see gradcast doctor');
    const { loadTensorflow } = await import('./load.ts');
    return loadTensorflow({ threads, gpu: gpu.index, gpuName: gpu.name, mode: askedMode() });
  },
};

export const tensorflow: CandidateFacts = {
  backend: 'tensorflow',
  device: 'cpu',
  isNative: true,
  remedy: 'take another backend',
  ruledOut: ({ cache }) => {
    if (isTensorflowInstalled('cpu', cache) || isTensorflowInstalled('cuda', cache)) return undefined;
    return { ok: false, reason: 'not installed', remedy: 'gradcast doctor --install' };
  },
  load: async ({ threads = 1 }) => {
    const { loadTensorflow } = await import('./load.ts');
    return loadTensorflow({ threads, mode: askedMode() });
  },
};
