/**
 * Computes one subtree of a lease: its leaves in order, added along the tree.
 *
 * Where nodes are plain float32 and the engine has a way of its own, the leaves are added on its device and come back as one vector.
 * Everything else is the same on both ways: before each leaf messages are taken in, and a lease that they made worthless ends there;
 * each leaf is measured; the node has the same bits.
 */
import type { Subtree } from '@gradcast/schedule';
import type { GradientCodec } from '@gradcast/reduction';
import type { GradientEngine, MicroBatch, SubtreeLeaves, SubtreeOutcome } from '@gradcast/task';
import { SubtreeAccumulator } from './subtree-accumulator.ts';

export interface SubtreeWork {
  readonly engine: GradientEngine;
  readonly codec: GradientCodec;
  /** Whether the codec's nodes are float32 vectors, which is what engines add. */
  readonly hasPlainNodes: boolean;
  /** Version of the step. */
  readonly step: number;
  /** Samples of a leaf. */
  readonly microBatchSize: number;
  /** Nodes that nobody needs. */
  readonly spare: Uint8Array[];
  /** Micro-batch of a leaf, by its number in the step. */
  readonly leaf: (leaf: number) => MicroBatch;
  /** Takes in what has arrived. @returns whether the lease is still worth anything. */
  readonly proceed: () => Promise<boolean>;
  /** Gives the engine the parameters of the step, unless it has them. */
  readonly load: () => void;
  /** Whether `proceed` rests to spare the device, which must have nothing to compute then. */
  readonly rests: () => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** A leaf took so long; without images if they were counted before and it was computed once more. */
  readonly measured: (computeMs: number, images: number) => void;
}

export interface ComputedSubtree {
  /** The sum, encoded. */
  readonly node: Uint8Array;
  /** What its leaves took. */
  readonly computeMs: number;
}

/** @returns undefined if the lease became worthless on the way. */
export function computeSubtree(subtree: Subtree, work: SubtreeWork): Promise<ComputedSubtree | undefined> {
  return new SubtreeComputation(subtree, work).run();
}

class SubtreeComputation {
  readonly #subtree: Subtree;
  readonly #work: SubtreeWork;
  #computeMs = 0;
  /** Leaves whose images were counted. */
  #counted = 0;

  constructor(subtree: Subtree, work: SubtreeWork) {
    this.#subtree = subtree;
    this.#work = work;
  }

  async run(): Promise<ComputedSubtree | undefined> {
    const sum = new SubtreeAccumulator(this.#subtree, this.#work);
    const outcome = await this.#onDevice(sum);
    if (outcome === 'stopped') return undefined;
    if (outcome === 'singly' && !(await this.#singly(sum))) return undefined;
    return { node: sum.total, computeMs: this.#computeMs };
  }

  async #onDevice(sum: SubtreeAccumulator): Promise<SubtreeOutcome> {
    const { engine, hasPlainNodes } = this.#work;
    if (!engine.subtree || !hasPlainNodes || this.#subtree.size === 1) return 'singly';
    if (!(await this.#work.proceed())) return 'stopped';
    const leaves = this.#leaves();
    this.#work.load();
    let outcome: SubtreeOutcome = 'singly';
    await sum.addWhole(async (vector) => {
      outcome = await engine.subtree!(leaves, vector);
      return outcome === 'summed';
    });
    return outcome;
  }

  /** The leaves, for an engine; what it takes from now on is their time. */
  #leaves(): SubtreeLeaves {
    const { microBatchSize, now, rests } = this.#work;
    const { start, size } = this.#subtree;
    let begun = 0;
    let since = now();
    return {
      count: size,
      size: microBatchSize,
      get ahead() {
        return !rests();
      },
      next: async (leaf) => {
        // The first one's messages were taken in before the engine was asked.
        if (leaf > 0 && !(await this.#work.proceed())) return undefined;
        // Nothing was computed meanwhile.
        if (leaf > 0 && begun === this.#counted) since = now();
        begun += 1;
        return this.#work.leaf(start + leaf);
      },
      computed: () => {
        const at = now();
        this.#took(at - since, microBatchSize);
        this.#counted += 1;
        since = at;
      },
    };
  }

  async #singly(sum: SubtreeAccumulator): Promise<boolean> {
    const { engine, microBatchSize, now } = this.#work;
    const { start, size } = this.#subtree;
    for (let leaf = start; leaf < start + size; leaf++) {
      if (!(await this.#work.proceed())) return false;
      const since = now();
      this.#work.load();
      await sum.add(leaf, (vector) => engine.gradient(this.#work.leaf(leaf), vector));
      this.#took(now() - since, leaf - start < this.#counted ? 0 : microBatchSize);
    }
    return true;
  }

  #took(ms: number, images: number): void {
    this.#computeMs += ms;
    this.#work.measured(ms, images);
  }
}
