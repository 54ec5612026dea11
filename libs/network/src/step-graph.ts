/**
 * A step as data: what is computed from a micro-batch of known size, for whoever makes a static plan of it. Nodes stand in an order
 * in which they can be computed, and name those before them by their place.
 */
import type { Activation } from './layer-spec.ts';
import type { NetworkOptions } from './network.ts';

/** One of a node's results: most have one, `out`. */
export interface GraphValue {
  readonly node: number;
  readonly part: string;
}

export interface GanLossNode {
  readonly op: 'gan-loss';
  /** Of [real; disturbed real; disturbed fake; fake], as `ganLoss` in `libs/gan` takes them. */
  readonly logits: GraphValue;
  readonly loss: 'sigmoid' | 'softmax' | 'relativistic';
  /** Samples, m. */
  readonly samples: number;
  readonly penalty?: { readonly samples: number; readonly weight: number };
  /** Whether the step runs two backward passes: then `ratio` is not asked for. */
  readonly separate: boolean;
}

export type StepNode =
  /** A field of the micro-batch, `[m, ...shape]`: images in their range, labels as numbers. */
  | { readonly op: 'field'; readonly field: string }
  /** Samples `[from, from + count)`. */
  | { readonly op: 'rows'; readonly of: GraphValue; readonly from: number; readonly count: number }
  /** One behind the other. */
  | { readonly op: 'concat'; readonly of: readonly GraphValue[] }
  /** The first `samples` of `of`, and `deviation` times as much of `noise` as they have elements. */
  | {
      readonly op: 'disturb';
      readonly of: GraphValue;
      readonly noise: GraphValue;
      readonly samples: number;
      readonly deviation: number;
    }
  | { readonly op: 'forward'; readonly network: string; readonly of: GraphValue; readonly labels?: GraphValue }
  /** Parts: `discriminator`, `generator` (gradients by the logits), `ratio` (a number for each fake) and the loss's scalars. */
  | GanLossNode
  /** Parts: `seed`, `loss`, `accuracy`. */
  | { readonly op: 'softmax-loss'; readonly scores: GraphValue; readonly labels: GraphValue }
  /** The gradient by the input of a forward pass from sample `inputFrom` on, if that is asked for. */
  | {
      readonly op: 'backward';
      readonly of: GraphValue;
      readonly seed: GraphValue;
      /** Whether the gradients of the network's parameters are among the step's results. */
      readonly parameters: boolean;
      readonly inputFrom?: number;
    }
  /** Each sample times a number of its own. */
  | { readonly op: 'scale'; readonly of: GraphValue; readonly by: GraphValue }
  /** Sum over samples of the Euclidean norm of each. */
  | { readonly op: 'sum-of-norms'; readonly of: GraphValue };

/** A whole step for micro-batches of one size. */
export interface StepGraph {
  readonly samples: number;
  readonly networks: readonly NetworkOptions[];
  readonly nodes: readonly StepNode[];
  /** The tail's scalars by name; numbers are the same for every micro-batch. */
  readonly scalars: Readonly<Record<string, GraphValue | number>>;
  /** Raised if the results must not be used: the step is computed by {@link StepGraph.otherwise} then. */
  readonly flag?: GraphValue;
  readonly otherwise?: StepGraph;
}

/** Writes nodes down in order. */
export class StepGraphBuilder {
  readonly nodes: StepNode[] = [];

  add(node: StepNode): GraphValue {
    this.nodes.push(node);
    return { node: this.nodes.length - 1, part: 'out' };
  }

  field(field: string): GraphValue {
    return this.add({ op: 'field', field });
  }
}

/** A part of what a node gives. */
export function partOf({ node }: GraphValue, part: string): GraphValue {
  return { node, part };
}

/** An activation as a layer has it. */
export interface ActivationUse {
  readonly activation: Activation;
  /** Of `leaky_relu`, else 0. */
  readonly slope: number;
}
