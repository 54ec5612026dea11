/**
 * A WebGPU adapter, and what tells it from others. Where `GPU` comes from is the runtime's business: a browser has one,
 * Node gets it from Dawn.
 */
import { BackendError } from '@gradcast/engine';

/** An adapter and what is known about it. */
export interface WebgpuAdapter {
  readonly adapter: GPUAdapter;
  /** A `software` adapter computes on the CPU: good for tests, slower than every other backend. */
  readonly kind: 'hardware' | 'software';
  /** The card's name, as far as anything tells it. */
  readonly name: string;
  /** What the driver says of itself where that is not the name; its version changes bits. */
  readonly driver?: string;
}

/** Renderers that run on the CPU; drivers do not all set `isFallbackAdapter`. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render|warp/i;

/** A description that has a version in it, or says what it is, is not the name of a card. */
const DRIVER = /\d+\.\d+|driver|mesa/i;

/** What some browsers give as the device. */
const PCI_NUMBER = /^0x[0-9a-f]+$/i;

const REMEDY =
  'install a Vulkan loader and driver (Debian: libvulkan1 and the vendor driver or mesa-vulkan-drivers), or use --backend wasm';

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
  { kind, name, driver }: Pick<WebgpuAdapter, 'kind' | 'name' | 'driver'>,
  features: Iterable<string>,
): { readonly device: string; readonly features: string } {
  const facts = [...features].sort();
  if (driver !== undefined) facts.push(`driver=${driver}`);
  return { device: `${kind === 'hardware' ? 'gpu' : 'software'}:${name}`, features: facts.join(' ') };
}

/**
 * Tells hardware from software, and names the card. Dawn's description is that of the driver ("NVIDIA: 580.159.04"), and its
 * device the card's name in small letters with dashes; browsers may give a number on the PCI bus, a name as description, or
 * nothing. A renderer on the processor is its own driver.
 */
export function kindOf(info: AdapterInfo): Pick<WebgpuAdapter, 'kind' | 'name' | 'driver'> {
  const { description, device } = info;
  const family = `${info.vendor} ${info.architecture}`.trim();
  const words = [description, device, family];
  if (info.isFallbackAdapter === true || words.some((word) => SOFTWARE.test(word))) {
    return { kind: 'software', name: words.find((word) => word !== '') ?? 'unknown' };
  }
  const ofDriver = DRIVER.test(description);
  const card = PCI_NUMBER.test(device) ? `${family} ${device}`.trim() : device || family;
  const name = (ofDriver ? card : description || card) || description || 'unknown';
  return { kind: 'hardware', name, ...(ofDriver && name !== description ? { driver: description } : {}) };
}

/**
 * Asks for the fastest adapter.
 *
 * @throws BackendError `webgpu-no-adapter` if no driver offers one.
 */
export async function requestAdapter(gpu: GPU): Promise<WebgpuAdapter> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new BackendError('webgpu-no-adapter', 'WebGPU found no graphics adapter', { remedy: REMEDY });
  }
  return { adapter, ...kindOf(adapter.info) };
}
