import { isInstalled } from '../native/cache.ts';
import { thisMachine, wheelsFor, type NativeVariant } from '../native/wheels.ts';

/** Whether a variant lies in the cache, without loading anything. */
export function isTensorflowInstalled(variant: NativeVariant, cache?: string): boolean {
  try {
    return isInstalled(wheelsFor(thisMachine(), variant), cache);
  } catch {
    return false;
  }
}
