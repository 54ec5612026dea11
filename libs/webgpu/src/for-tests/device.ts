/** A device of this machine for tests: a GPU, or the software renderer that Debian's Chromium brings. */
import { create } from 'webgpu';
import { DeviceContext } from '../context.ts';

/** Devices end with it. */
const gpu = create([]);

/** Undefined where there is no adapter. */
export async function testContext(limits: Record<string, number> = {}): Promise<DeviceContext | undefined> {
  const adapter = await gpu.requestAdapter();
  if (!adapter) return undefined;
  return new DeviceContext(await adapter.requestDevice({ requiredLimits: limits }));
}
