/**
 * What the value of a tree node is, and how two of them are added: the codec of a run.
 *
 * Invariant: every node's value is its encoded form, leaves included: a node is encode(decode(left) + decode(right)).
 * So a node that crosses the wire has the same bytes however the leaves were grouped, and the sum has the same bits
 * whoever added what. Nothing a worker keeps for itself (such as an error it would feed back) enters.
 */
import type { Subtree } from '@gradcast/schedule';
import type { Layout, ParameterGroup } from '@gradcast/tensors';
import type { VectorKernels } from '@gradcast/vector';
import type { AverageNorms } from './average.ts';

/** How a gradient and its tail are laid out. */
export interface GradientLayout {
  readonly parameters: Layout;
  /** They cover the parameters, in order. */
  readonly groups: readonly ParameterGroup[];
  readonly tail: Layout;
}

/** Where in a run a node stands; what is random in its rounding follows from this. */
export interface NodePlace {
  /** Version that the gradient was computed at. */
  readonly step: number;
  readonly subtree: Subtree;
}

export interface CodecOptions {
  readonly layout: GradientLayout;
  /** The run's. */
  readonly seed: number;
  readonly kernels: VectorKernels;
}

export interface MeanOptions {
  /** Of the tree. */
  readonly leaves: number;
  /** Version that the gradients were computed at. */
  readonly step: number;
  /** Norm to which each group of the mean is clipped; none by default. */
  readonly clipNorm?: number | undefined;
}

/** What a step's sum comes to. */
export interface Mean {
  /** Of the mean gradient before it was clipped. */
  readonly norms: AverageNorms;
  /** The mean tail. */
  readonly tail: Float32Array;
  /** The mean gradient as it is broadcast, in memory of its own with room for a frame's header. */
  readonly encoded: Uint8Array;
}

/** Nodes and averages are plain bytes that start at a multiple of 8 in their buffer, as payloads of frames do. */
export interface GradientCodec {
  /** Bytes of a node: gradient and tail. */
  readonly nodeBytes: number;
  /** Bytes of an average: the gradient alone. */
  readonly averageBytes: number;
  /**
   * Where an engine shall write a leaf's gradient and tail, so that `encode` finds it: the node's own memory if that is
   * float32, else one vector that every leaf uses in turn.
   */
  vectorFor(node: Uint8Array): Float32Array;
  /** Encodes what was written to `vectorFor(node)` into the node. */
  encode(node: Uint8Array, place: NodePlace): void;
  /** Adds two siblings; the sum takes the left one's memory. `place` is their parent's. */
  combine(left: Uint8Array, right: Uint8Array, place: NodePlace): Uint8Array;
  /** Norms of a node's gradient; `finite` speaks of the tail too. */
  measure(node: Uint8Array): AverageNorms;
  /** Whether there is nothing between the tensors of a node's gradient, as in whatever an engine computes. */
  hasZeroPadding(node: Uint8Array): boolean;
  /** A node's tail; shares its memory. */
  tailOf(node: Uint8Array): Float32Array;
  /** Whether `measure` would find the node finite and its norm no larger than `norm`; often told without reading it all. */
  isWithin(node: Uint8Array, norm: number): boolean;
  /** The mean of a step from the root of its tree; the root's memory is the codec's from then on. */
  mean(root: Uint8Array, options: MeanOptions): Mean;
  /** What every replica steps with; may share the bytes' memory. Valid until the next call. */
  decodeAverage(bytes: Uint8Array): Float32Array;
}
