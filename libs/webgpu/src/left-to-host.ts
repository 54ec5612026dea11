/** Why a device does not add the leaves of a lease, for people and for a trial of it. */
import { BackendError } from '@gradcast/engine';
import type { DeviceEvent } from '@gradcast/engine';
import type { DeviceContext } from './context.ts';
import { DeviceAdder } from './device-adder.ts';

/**
 * Tells each reason once, whatever the number of engines and of devices that came in place of a lost one: nothing is wrong with the
 * run, and nothing can be done about it while it lasts.
 */
export function singlyTeller(tell: (event: DeviceEvent) => void): (reason: unknown) => void {
  const told = new Set<string>();
  return (reason) => {
    const message = reason instanceof Error ? reason.message : String(reason);
    const code = reason instanceof BackendError ? reason.code : undefined;
    if (told.has(code ?? message)) return;
    told.add(code ?? message);
    const sentence = `leaves of a lease are not added on the GPU, each is read back: ${message}`;
    tell({ kind: 'singly', sentence, ...(code !== undefined && { code }) });
  };
}

/**
 * Why the device does not add, undefined if it does.
 *
 * @throws whatever is no refusal of the device's.
 */
export async function sumRefusalOf(context: DeviceContext): Promise<BackendError | undefined> {
  try {
    await DeviceAdder.create(context);
    return undefined;
  } catch (error) {
    if (error instanceof BackendError) return error;
    throw error;
  }
}
