/**
 * Sums values along the fixed tree as they arrive, whatever their order.
 *
 * Held values are an antichain: no held subtree contains another. A value for a subtree that is already covered is
 * late and refused; a value that covers held smaller ones replaces them, because it brings the same bits and more. Two
 * siblings are added at once, so at most log2(M) + 1 values per disjoint range are held.
 */
import { contains, isSubtree } from './tree.ts';
import type { Subtree } from './tree.ts';

/** Adds two siblings; `node` is their parent. Returns the sum, which may reuse either. */
export type Combine<V> = (left: V, right: V, node: Subtree) => V;

export class TreeSum<V> {
  readonly #root: Subtree;
  readonly #combine: Combine<V>;
  readonly #held = new Map<number, { subtree: Subtree; value: V }>();

  /** Sums up to `root`, which need not start at zero: a worker sums the subtrees of its lease. */
  constructor(root: Subtree, combine: Combine<V>) {
    if (!isSubtree(root, root.start + root.size)) throw new RangeError('the root is no aligned subtree');
    this.#root = root;
    this.#combine = combine;
  }

  /**
   * Takes the value of a subtree.
   *
   * @returns false if every one of its leaves is covered already; the value is then not used.
   * @throws RangeError if the subtree does not lie in this tree.
   */
  add(subtree: Subtree, value: V): boolean {
    if (!isSubtree(subtree, this.#root.start + this.#root.size) || !contains(this.#root, subtree)) {
      throw new RangeError(`no subtree of ${subtree.size} leaves at ${subtree.start} in this tree`);
    }
    if (this.covers(subtree)) return false;
    for (const held of this.#held.values()) {
      if (contains(subtree, held.subtree)) this.#held.delete(held.subtree.start);
    }
    this.#place(subtree, value);
    return true;
  }

  /** Whether all leaves of a subtree are covered by held values. */
  covers(subtree: Subtree): boolean {
    let at = subtree.start;
    while (at < subtree.start + subtree.size) {
      const held = this.#holding(at);
      if (!held) return false;
      at = held.subtree.start + held.subtree.size;
    }
    return true;
  }

  /** Whether a leaf is covered. */
  coversLeaf(leaf: number): boolean {
    return this.#holding(leaf) !== undefined;
  }

  /** The value of the whole tree, once all leaves are covered. */
  get total(): V | undefined {
    const held = this.#held.get(this.#root.start);
    return held?.subtree.size === this.#root.size ? held.value : undefined;
  }

  #holding(leaf: number): { subtree: Subtree; value: V } | undefined {
    for (let size = 1; size <= this.#root.size; size *= 2) {
      const held = this.#held.get(leaf - (leaf % size));
      if (held && leaf < held.subtree.start + held.subtree.size) return held;
    }
    return undefined;
  }

  #place(placed: Subtree, initial: V): void {
    let subtree = placed;
    let value = initial;
    while (subtree.size < this.#root.size) {
      const isRight = (subtree.start / subtree.size) % 2 === 1;
      const siblingStart = isRight ? subtree.start - subtree.size : subtree.start + subtree.size;
      const sibling = this.#held.get(siblingStart);
      if (sibling?.subtree.size !== subtree.size) break;
      this.#held.delete(siblingStart);
      subtree = { start: Math.min(subtree.start, siblingStart), size: subtree.size * 2 };
      const [left, right] = isRight ? [sibling.value, value] : [value, sibling.value];
      value = this.#combine(left, right, subtree);
    }
    this.#held.set(subtree.start, { subtree, value });
  }
}
