/**
 * The reduction tree over gradient vectors (gradient and tail together).
 *
 * The left sibling's memory takes the sum, so a received frame's payload is added to in place and no step allocates
 * more than the frames it received.
 */
import { TreeSum } from '@gradcast/ledger';
import type { Subtree } from '@gradcast/ledger';
import type { VectorKernels } from '@gradcast/vector';

export function vectorTree(root: Subtree, kernels: VectorKernels): TreeSum<Float32Array> {
  return new TreeSum<Float32Array>(root, (left, right) => {
    kernels.add(left, right);
    return left;
  });
}
