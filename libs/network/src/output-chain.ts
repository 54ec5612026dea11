/**
 * What a task's output is made of, where it is one input that passes through networks in turn: the form in which a trained model
 * can be written down for other programs.
 */
import type { BatchField, LabelField } from '@gradcast/task';
import type { NetworkOptions } from './network.ts';

export interface OutputChain {
  /** The field of the task's output that the first network takes. */
  readonly input: BatchField;
  /** Of the classes that networks are told of, if they are. */
  readonly labels: LabelField | undefined;
  /** In the order in which it passes through them. */
  readonly networks: readonly NetworkOptions[];
}

/** A place on the way through the networks, in place of a tensor. */
class Place {
  readonly input: BatchField;
  readonly networks: readonly NetworkOptions[];
  readonly labels: LabelField | undefined;

  constructor(input: BatchField, networks: readonly NetworkOptions[] = [], labels?: LabelField) {
    this.input = input;
    this.networks = networks;
    this.labels = labels;
  }
}

export interface TraceOptions {
  readonly inputs: readonly BatchField[];
  readonly networks: readonly NetworkOptions[];
  /** A task's `infer`, whose tensors are places here. */
  readonly infer: (run: {
    readonly inputs: Readonly<Record<string, unknown>>;
    readonly networks: Readonly<Record<string, (x: unknown, told?: { readonly labels?: unknown }) => unknown>>;
  }) => unknown;
}

/**
 * Follows an output through its networks without computing anything; undefined if it does anything else with a tensor than to
 * give it to a network.
 */
export function traceChain({ inputs, networks, infer }: TraceOptions): OutputChain | undefined {
  const through = (network: NetworkOptions) => (x: unknown, told?: { readonly labels?: unknown }) => {
    if (!(x instanceof Place)) throw new TypeError(`${network.name} is not given what comes from a network`);
    return new Place(x.input, [...x.networks, network], labelsIn(told?.labels) ?? x.labels);
  };
  try {
    const end = infer({
      inputs: Object.fromEntries(inputs.map((field) => [field.name, new Place(field)])),
      networks: Object.fromEntries(networks.map((network) => [network.name, through(network)])),
    });
    return end instanceof Place ? { input: end.input, labels: end.labels, networks: end.networks } : undefined;
  } catch {
    // Whatever the function of a task asks of a place that only a tensor has.
    return undefined;
  }
}

/** The field of labels as they came in. @throws TypeError for what became of any. */
function labelsIn(labels: unknown): LabelField | undefined {
  if (labels === undefined) return undefined;
  if (labels instanceof Place && labels.networks.length === 0 && labels.input.source === 'label') return labels.input;
  throw new TypeError('these are no labels of the data set');
}
