/**
 * What lies between the tensors of a node's gradient. It is zero in whatever an engine computes, and must be in what is added
 * up: checkpoints hold tensors alone, so a sum with anything there would be another one after a resume.
 */
import { padded } from '@gradcast/tensors';
import type { Layout } from '@gradcast/tensors';

/** Bytes `[from, to)` of a node. */
interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Where padding lies, if elements of so many bytes begin at a byte of the node. */
export function paddingOf(
  { entries }: Layout,
  { at, elementBytes }: { at: number; elementBytes: number },
): ByteRange[] {
  return entries
    .map(({ offset, size }) => ({
      from: at + (offset + size) * elementBytes,
      to: at + (offset + padded(size)) * elementBytes,
    }))
    .filter(({ from, to }) => to > from);
}

/** Whether all of those bytes are zero. */
export function isZero(node: Uint8Array, ranges: readonly ByteRange[]): boolean {
  return ranges.every(({ from, to }) => {
    for (let i = from; i < to; i++) if (node[i] !== 0) return false;
    return true;
  });
}
