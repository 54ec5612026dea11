/**
 * The reduction tree over gradients in the run's codec (gradient and tail together). The line that adds two float32 gradients
 * is `add` in libs/vector/src/reference.ts, which `combine` in float-codec.ts calls; SIMD kernels have its bits.
 *
 * The left sibling's memory takes the sum, so a received frame's payload is added to in place and no step allocates
 * more than the frames it received.
 */
import { TreeSum } from '@gradcast/schedule';
import type { Subtree } from '@gradcast/schedule';
import type { GradientCodec } from './codec.ts';

/** @param released is given what was added into another node and is free again. */
export function gradientTree(
  root: Subtree,
  { codec, step, released }: { codec: GradientCodec; step: number; released?: (node: Uint8Array) => void },
): TreeSum<Uint8Array> {
  return new TreeSum<Uint8Array>(root, (left, right, subtree) => {
    const sum = codec.combine(left, right, { step, subtree });
    released?.(right);
    return sum;
  });
}
