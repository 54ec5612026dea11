import { BackendError } from '@gradcast/engine';

export type WebgpuCode = 'webgpu-shader' | 'webgpu-refused' | 'webgpu-out-of-memory' | 'webgpu-device-lost';

const REMEDIES: Readonly<Record<WebgpuCode, string>> = {
  'webgpu-shader': 'update the driver of your GPU, or use --backend wasm',
  'webgpu-refused': 'update the driver of your GPU, or use --backend wasm',
  'webgpu-out-of-memory': 'use smaller micro-batches, or close what else uses the GPU',
  'webgpu-device-lost': 'start the worker again; if it happens again, update the driver of your GPU',
};

export function webgpuError(code: WebgpuCode, message: string, cause?: unknown): BackendError {
  return new BackendError(code, message, { remedy: REMEDIES[code], cause });
}
