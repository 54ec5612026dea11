/**
 * Starts our own engine on WebGPU in any runtime that has it: any GPU with a Vulkan, Metal or Direct3D 12 driver. Steps run as plans,
 * and tfjs has no part in it; where a step that cannot be planned has to run op by op is the runtime's business.
 */
import { BackendError } from '@gradcast/engine';
import type { BackendProfile, DeviceEvent } from '@gradcast/engine';
import type { Trainable } from '@gradcast/network';
import type { GradientEngine } from '@gradcast/task';
import {
  canPlan,
  createPlanEngine,
  DeviceKeeper,
  deviceTuner,
  multiplyOn,
  RecoveringEngine,
  singlyTeller,
  sumRefusalOf,
} from '@gradcast/webgpu';
import type { OpenedDevice, TuningOptions } from '@gradcast/webgpu';
import { adapterFacts, requestAdapter } from './adapter.ts';
import type { WebgpuAdapter } from './adapter.ts';

export interface StartedWebgpu {
  readonly adapter: Pick<WebgpuAdapter, 'kind' | 'name'>;
  readonly profile: BackendProfile;
  /** An engine that outlives its device; undefined for a task whose step is not told as data. */
  readonly engineOf: (task: Trainable) => GradientEngine | undefined;
  /** For a trial: see {@link multiplyOn}. */
  readonly multiply: (a: Float32Array, b: Float32Array) => Promise<Float32Array>;
  /** For a trial: why the device does not add the leaves of a lease, undefined if it does. */
  readonly sumRefusal: () => Promise<BackendError | undefined>;
}

export interface WebgpuOptions {
  /** What gives adapters: `navigator.gpu` in a browser. */
  readonly gpu: GPU;
  /** What compiles kernels here, and its version; it stands in the profile. */
  readonly libraryVersion: string;
  /** `hardware` refuses an adapter that computes on the CPU; `any` (the default) takes it. */
  readonly adapter?: 'hardware' | 'any';
  /** Told when the device is lost and what became of it, and why it adds no leaves where it does not. */
  readonly tell?: ((event: DeviceEvent) => void) | undefined;
  /** How plans are tuned for the device; without it they are not. */
  readonly tuning?: TuningOptions | undefined;
}

/** Limits that programs may need more of than WebGPU guarantees. */
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/**
 * @throws BackendError `webgpu-no-adapter`, `webgpu-software-adapter` if the only adapter computes on the CPU and
 *   `hardware` was asked for, or `webgpu-no-device` if the driver refuses a device.
 */
export async function startWebgpu(options: WebgpuOptions): Promise<StartedWebgpu> {
  const { gpu, libraryVersion, tell = () => undefined, tuning } = options;
  const found = await requestAdapter(gpu);
  requireKind(found, options.adapter);
  let isFirst = true;
  const open = async (): Promise<OpenedDevice> => {
    // An adapter gives one device.
    const asked = isFirst ? found : await requestAdapter(gpu);
    isFirst = false;
    return { device: await deviceOf(asked), facts: { ...adapterFacts(asked, asked.adapter.features) } };
  };
  const keeper = await DeviceKeeper.start({ open, tell, now: () => performance.now(), after });
  const { kind, name } = found;
  const facts = adapterFacts(found, found.adapter.features);
  const tuner = tuning && deviceTuner(keeper, { kind, ...facts }, tuning);
  const leftToHost = singlyTeller(tell);
  return {
    adapter: { kind, name },
    profile: {
      backend: 'webgpu',
      libraryVersion,
      ...facts,
      threads: 1,
      mode: 'plan',
    },
    engineOf: (task) =>
      canPlan(task)
        ? new RecoveringEngine(task, keeper, (context) => createPlanEngine(task, context, { tuner, leftToHost }))
        : undefined,
    multiply: (a, b) => multiplyOn(keeper.context, a, b),
    sumRefusal: () => sumRefusalOf(keeper.context),
  };
}

/** @throws BackendError `webgpu-software-adapter` */
export function requireKind(
  { kind, name }: Pick<WebgpuAdapter, 'kind' | 'name'>,
  wanted: WebgpuOptions['adapter'],
): void {
  if (wanted !== 'hardware' || kind === 'hardware') return;
  throw new BackendError('webgpu-software-adapter', `WebGPU found only a software adapter, ${name}`, {
    remedy: 'install the driver of your GPU, or ask for --backend webgpu by name to use the software adapter',
  });
}

/** A device with all that its adapter allows. @throws BackendError `webgpu-no-device` */
export async function deviceOf({ adapter, name }: WebgpuAdapter): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice({
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
    });
  } catch (cause) {
    throw new BackendError('webgpu-no-device', `the adapter ${name} refused to give a device`, {
      remedy: 'update the driver of your GPU, or use --backend wasm',
      cause,
    });
  }
}

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
