/**
 * A WebGPU adapter in Node, from Dawn inside the npm package `webgpu`.
 *
 * Dawn finds drivers through the Vulkan loader (Linux), Metal (macOS) or Direct3D 12 (Windows); it needs no display.
 */
import { BackendError } from '../engine/backend-error.ts';

/** An adapter and what is known about it. */
export interface WebgpuAdapter {
  readonly adapter: GPUAdapter;
  /** A `software` adapter computes on the CPU: good for tests, slower than every other backend. */
  readonly kind: 'hardware' | 'software';
  /** As the driver names it. */
  readonly name: string;
}

/** Renderers that run on the CPU; drivers do not all set `isFallbackAdapter`. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render|warp/i;

const REMEDY =
  'install a Vulkan loader and driver (Debian: libvulkan1 and the vendor driver or mesa-vulkan-drivers), or use --backend wasm';

let gpu: GPU | undefined;

/**
 * Makes `navigator.gpu` and the WebGPU globals exist in this thread, as they do in a browser; the tfjs backend reads both.
 *
 * @throws BackendError `webgpu-unavailable` if the package has no binary for this platform.
 */
async function installGlobals(): Promise<GPU> {
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

/** What a driver says of itself; any of it may be empty. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

/** What an adapter adds to a numeric profile: texts of any length. */
export function adapterFacts(
  { kind, name }: Pick<WebgpuAdapter, 'kind' | 'name'>,
  features: Iterable<string>,
): { readonly device: string; readonly features: string } {
  return { device: `${kind === 'hardware' ? 'gpu' : 'software'}:${name}`, features: [...features].sort().join(' ') };
}

/** Tells hardware from software by what the driver says of itself. */
export function kindOf(info: AdapterInfo): Pick<WebgpuAdapter, 'kind' | 'name'> {
  const words = [info.description, info.device, `${info.vendor} ${info.architecture}`.trim()];
  const software = info.isFallbackAdapter === true || words.some((word) => SOFTWARE.test(word));
  return { kind: software ? 'software' : 'hardware', name: words.find((word) => word !== '') ?? 'unknown' };
}

/**
 * Asks for the fastest adapter.
 *
 * @throws BackendError `webgpu-no-adapter` if no driver offers one, `webgpu-unavailable` if the platform has no binary.
 */
export async function requestAdapter(): Promise<WebgpuAdapter> {
  const adapter = await (await installGlobals()).requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new BackendError('webgpu-no-adapter', 'WebGPU found no graphics adapter', { remedy: REMEDY });
  }
  return { adapter, ...kindOf(adapter.info) };
}
