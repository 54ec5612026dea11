/**
 * Sums the micro-batches of one subtree in leaf order, with as few vectors as the tree allows.
 *
 * A vector is a few megabytes: those that were added into another are used again for the next leaf, so a subtree of n
 * leaves needs log2(n) + 1 of them.
 */
import { TreeSum } from '@gradcast/ledger';
import type { Subtree } from '@gradcast/ledger';
import type { VectorKernels } from '@gradcast/vector';

export class SubtreeAccumulator {
  readonly #length: number;
  readonly #spare: Float32Array[] = [];
  readonly #sum: TreeSum<Float32Array>;

  constructor(subtree: Subtree, length: number, kernels: VectorKernels) {
    this.#length = length;
    this.#sum = new TreeSum(subtree, (left, right) => {
      kernels.add(left, right);
      this.#spare.push(right);
      return left;
    });
  }

  /** Adds a leaf; `write` fills the vector it is given, every element of it. */
  async add(leaf: number, write: (vector: Float32Array) => Promise<void>): Promise<void> {
    const vector = this.#spare.pop() ?? new Float32Array(this.#length);
    await write(vector);
    this.#sum.add({ start: leaf, size: 1 }, vector);
  }

  /** The subtree's sum. @throws Error before its last leaf was added. */
  get total(): Float32Array {
    const { total } = this.#sum;
    if (!total) throw new Error('the subtree is not complete');
    return total;
  }
}
