/**
 * The nodes of a subtree while its leaves are computed, on the device.
 *
 * They are a stack: before leaf i is taken it holds as many nodes as i has ones in binary, the largest at the bottom. So n leaves, a
 * power of two, need log2(n) vectors besides the one that each leaf's result is written to, and the order of additions is that of
 * `TreeSum` in libs/schedule.
 */
import { USAGE } from './context.ts';
import type { DeviceContext } from './context.ts';
import type { Addition, DeviceAdder } from './device-adder.ts';

/** Places are counted from the bottom of the stack. */
export interface LeafSteps {
  /** Where a leaf is kept that is the first of its parent, undefined if it is the second and added to the first. */
  readonly keptAt: number | undefined;
  /** Places that a node is added into, in order: the leaf into the first of them, then always the node above. */
  readonly addedInto: readonly number[];
}

/** What becomes of the result of a leaf, counted from 0 in its subtree. */
export function leafSteps(leaf: number): LeafSteps {
  let held = 0;
  for (let bits = leaf; bits > 0; bits >>>= 1) held += bits & 1;
  const addedInto: number[] = [];
  for (let bits = leaf; (bits & 1) === 1; bits >>>= 1) addedInto.push(--held);
  return { keptAt: addedInto.length === 0 ? held : undefined, addedInto };
}

export class DeviceSum {
  readonly #context: DeviceContext;
  readonly #adder: DeviceAdder;
  readonly #result: GPUBuffer;
  readonly #stack: GPUBuffer[] = [];
  /** By place: what adds a leaf's result to it, and what adds the node above. */
  readonly #additions: { readonly leaf: Addition; readonly above: Addition | undefined }[] = [];

  /** @param result where each leaf's vector is written to. */
  constructor(context: DeviceContext, adder: DeviceAdder, result: GPUBuffer) {
    this.#context = context;
    this.#adder = adder;
    this.#result = result;
  }

  /**
   * Makes room for subtrees of so many leaves, at least two.
   *
   * @throws BackendError `webgpu-out-of-memory`, `webgpu-refused`, `webgpu-device-lost`; then it must be disposed of.
   */
  async reserve(leaves: number): Promise<void> {
    const missing = Math.log2(leaves) - this.#stack.length;
    if (missing <= 0) return;
    const usage = USAGE.storage | USAGE.copyTarget | USAGE.copySource;
    const { size } = this.#result;
    await this.#context.allocate((make) => {
      for (let made = 0; made < missing; made++) {
        this.#stack.push(make({ label: 'node', size, usage }));
      }
      this.#additions.length = 0;
      for (const [place, node] of this.#stack.entries()) {
        const above = place + 1 < this.#stack.length ? this.#adder.bind(node, this.#stack[place + 1]) : undefined;
        this.#additions.push({ leaf: this.#adder.bind(node, this.#result), above });
      }
    });
  }

  /** Encodes what is done with the result of a leaf, counted from 0. */
  encode(encoder: GPUCommandEncoder, leaf: number): void {
    const { keptAt, addedInto } = leafSteps(leaf);
    if (keptAt !== undefined) {
      return encoder.copyBufferToBuffer(this.#result, 0, this.#stack[keptAt], 0, this.#result.size);
    }
    const additions = addedInto.map((place, index) => {
      const { leaf: ofLeaf, above } = this.#additions[place];
      return index === 0 ? ofLeaf : above!;
    });
    this.#adder.encode(encoder, additions);
  }

  /** Where the sum lies once all leaves were taken. */
  get total(): GPUBuffer {
    return this.#stack[0];
  }

  dispose(): void {
    for (const node of this.#stack) node.destroy();
  }
}
