/**
 * Sums the micro-batches of one subtree in leaf order, with as few nodes as the tree allows.
 *
 * A node is a few megabytes: those that were added into another are used again for the next leaf, so a subtree of n
 * leaves needs log2(n) + 1 of them, and all but the sum are there for the next subtree.
 */
import type { Subtree, TreeSum } from '@gradcast/schedule';
import { payloadWithRoom } from '@gradcast/protocol';
import { gradientTree } from '@gradcast/reduction';
import type { GradientCodec } from '@gradcast/reduction';

export class SubtreeAccumulator {
  readonly #codec: GradientCodec;
  readonly #step: number;
  readonly #spare: Uint8Array[];
  readonly #subtree: Subtree;
  readonly #tree: TreeSum<Uint8Array>;

  /** @param options.spare nodes of this codec that nobody needs: they are taken from here and given back to it. */
  constructor(subtree: Subtree, options: { codec: GradientCodec; step: number; spare: Uint8Array[] }) {
    const { codec, step, spare } = options;
    this.#subtree = subtree;
    this.#codec = codec;
    this.#step = step;
    this.#spare = spare;
    this.#tree = gradientTree(subtree, { codec, step, released: (node) => spare.push(node) });
  }

  /** Adds a leaf; `write` fills the vector it is given (gradient and tail), every element of it. */
  async add(leaf: number, write: (vector: Float32Array) => Promise<void>): Promise<void> {
    const node = this.#takeNode();
    await write(this.#codec.vectorFor(node));
    const subtree = { start: leaf, size: 1 };
    this.#codec.encode(node, { step: this.#step, subtree });
    this.#tree.add(subtree, node);
  }

  /**
   * Takes the whole sum as somebody else added it, before any leaf; only for a codec whose nodes are float32 vectors.
   *
   * @param write fills the vector it is given and says whether it did; if not, nothing was added.
   */
  async addWhole(write: (vector: Float32Array) => Promise<boolean>): Promise<void> {
    const node = this.#takeNode();
    if (await write(this.#codec.vectorFor(node))) this.#tree.add(this.#subtree, node);
    else this.#spare.push(node);
  }

  /** The subtree's sum, encoded. @throws Error before its last leaf was added. */
  get total(): Uint8Array {
    const { total } = this.#tree;
    if (!total) throw new Error('the subtree is not complete');
    return total;
  }

  #takeNode(): Uint8Array {
    // With room for a header: what stays at the end is sent as it lies.
    return this.#spare.pop() ?? payloadWithRoom(this.#codec.nodeBytes);
  }
}
