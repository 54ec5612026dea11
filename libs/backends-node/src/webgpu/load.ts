/** The `webgpu` backend in Node. */
import { createRequire } from 'node:module';
import { requireKind, startWebgpu } from '@gradcast/backends-web';
import type { StartedWebgpu, WebgpuOptions } from '@gradcast/backends-web';
import type { DeviceEvent, LoadedBackend } from '@gradcast/engine';
import { genericKernels } from '@gradcast/network';
import { nodeGpu } from './gpu.ts';
import { registerTfjsWebgpu } from './op-by-op.ts';

const require = createRequire(import.meta.url);

export interface LoadedWebgpu extends LoadedBackend {
  readonly name: 'webgpu';
  readonly adapter: StartedWebgpu['adapter'];
  readonly register: () => Promise<void>;
}

export interface LoadWebgpuOptions extends Pick<WebgpuOptions, 'adapter' | 'tell' | 'tuning'> {
  /** Whether steps are compiled to plans, where the task can be told as data; they are by default. */
  readonly plans?: boolean;
}

let loaded: Promise<LoadedWebgpu> | undefined;
/** All that asked for the one backend that a thread has. */
const listeners = new Set<(event: DeviceEvent) => void>();

/**
 * The backend of this thread: a second call gives the same, tuned as the first asked for. It is registered with tfjs-core when something asks for that, at once
 * without plans.
 *
 * @throws BackendError those of `startWebgpu`, and `webgpu-unavailable` if the platform has no binary.
 */
export async function loadWebgpu({
  adapter,
  tell,
  tuning,
  plans = true,
}: LoadWebgpuOptions = {}): Promise<LoadedWebgpu> {
  if (tell) listeners.add(tell);
  loaded ??= load(tuning);
  let backend: LoadedWebgpu;
  try {
    backend = await loaded;
  } catch (error) {
    loaded = undefined;
    throw error;
  }
  requireKind(backend.adapter, adapter);
  return plans ? backend : opByOp(backend);
}

async function load(tuning: LoadWebgpuOptions['tuning']): Promise<LoadedWebgpu> {
  const gpu = await nodeGpu();
  const tell = (event: DeviceEvent) => {
    for (const listener of listeners) listener(event);
  };
  return {
    // Dawn's compiler decides a plan's bits.
    ...(await startWebgpu({ gpu, libraryVersion: versionOf('webgpu'), tell, tuning })),
    name: 'webgpu',
    kernels: genericKernels,
    register: () => registerTfjsWebgpu(gpu),
  };
}

async function opByOp({ name, adapter, kernels, register, profile }: LoadedWebgpu): Promise<LoadedWebgpu> {
  await register();
  const libraryVersion = versionOf('@tensorflow/tfjs-backend-webgpu');
  return { name, adapter, kernels, register, profile: { ...profile, libraryVersion, mode: 'eager' } };
}

function versionOf(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}
