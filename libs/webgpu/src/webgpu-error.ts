import { BackendError } from '@gradcast/engine';

export type WebgpuCode =
  | 'webgpu-shader'
  | 'webgpu-refused'
  | 'webgpu-out-of-memory'
  | 'webgpu-sums-differ'
  | 'webgpu-device-lost'
  | 'webgpu-device-changed';

const REMEDIES: Readonly<Record<WebgpuCode, string>> = {
  'webgpu-shader': 'update the driver of your GPU, or use --backend wasm',
  'webgpu-refused': 'update the driver of your GPU, or use --backend wasm',
  'webgpu-out-of-memory':
    'close what else uses the GPU, ask for smaller micro-batches where the run is started (--micro-batch), or use the processor',
  'webgpu-sums-differ': 'nothing has to be done, the host adds; a newer driver of your GPU may add as it does',
  'webgpu-device-lost': 'start again; if it happens again, update the driver of your GPU, or use the processor',
  'webgpu-device-changed': 'start again, to take part as what the GPU is now',
};

export function webgpuError(code: WebgpuCode, message: string, cause?: unknown): BackendError {
  return new BackendError(code, message, { remedy: REMEDIES[code], cause });
}
