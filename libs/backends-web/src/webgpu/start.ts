/**
 * Starts the `webgpu` backend in any runtime that has WebGPU: any GPU with a Vulkan, Metal or Direct3D 12 driver, from npm
 * packages alone.
 */
import * as tf from '@tensorflow/tfjs-core';
import { genericKernels } from '@gradcast/network';
import { BackendError } from '@gradcast/engine';
import type { LoadedBackend } from '@gradcast/engine';
import { canPlan, createPlanEngine, DeviceContext } from '@gradcast/webgpu';
import { adapterFacts, requestAdapter } from './adapter.ts';
import type { WebgpuAdapter } from './adapter.ts';

export interface LoadedWebgpu extends LoadedBackend {
  readonly name: 'webgpu';
  readonly adapter: Pick<WebgpuAdapter, 'kind' | 'name'>;
}

export interface WebgpuOptions {
  /** What gives adapters: `navigator.gpu` in a browser. The WebGPU globals must exist, as they do there. */
  readonly gpu: GPU;
  /** Version of `@tensorflow/tfjs-backend-webgpu`, which does not export it; it stands in the profile. */
  readonly libraryVersion: string;
  /** `hardware` refuses an adapter that computes on the CPU; `any` (the default) takes it. */
  readonly adapter?: 'hardware' | 'any';
  /** Whether steps are compiled to plans, where the task can be told as data; they are by default. */
  readonly plans?: boolean;
}

/** Limits that the backend's programs may need more of than WebGPU guarantees. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

let loaded: LoadedWebgpu | undefined;

/**
 * Registers the backend with tfjs-core and makes it current; a second call gives the same backend.
 *
 * @throws BackendError `webgpu-no-adapter`, `webgpu-software-adapter` if the only adapter computes on the CPU and
 *   `hardware` was asked for, or `webgpu-no-device` if the driver refuses a device.
 */
export async function startWebgpu(options: WebgpuOptions): Promise<LoadedWebgpu> {
  const result = (loaded ??= await start(options));
  const { kind, name } = result.adapter;
  if (options.adapter === 'hardware' && kind === 'software') {
    throw new BackendError('webgpu-software-adapter', `WebGPU found only a software adapter, ${name}`, {
      remedy: 'install the driver of your GPU, or ask for --backend webgpu by name to use the software adapter',
    });
  }
  await tf.setBackend('webgpu');
  return result;
}

async function start({ gpu, libraryVersion, plans = true }: WebgpuOptions): Promise<LoadedWebgpu> {
  const { adapter, ...card } = await requestAdapter(gpu);
  const { kind, name } = card;
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
    });
  } catch (cause) {
    throw new BackendError('webgpu-no-device', `the adapter ${name} refused to give a device`, {
      remedy: 'update the driver of your GPU, or use --backend wasm',
      cause,
    });
  }
  // Small tensors would be computed in JavaScript as long as they have not been uploaded, so the bits of a gradient
  // would depend on what ran before.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.removeBackend('webgpu');
  const context = new DeviceContext(device);
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info));
  return {
    name: 'webgpu',
    adapter: { kind, name },
    kernels: genericKernels,
    ...(plans && { engineOf: (task) => (canPlan(task) ? createPlanEngine(task, context) : undefined) }),
    profile: {
      backend: 'webgpu',
      libraryVersion,
      ...adapterFacts(card, adapter.features),
      threads: 1,
      mode: plans ? 'plan' : 'eager',
    },
  };
}
