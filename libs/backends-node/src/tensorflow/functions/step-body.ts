/**
 * A step's graph as TensorFlow ops, from the flat parameters and the fields as they came to one flat vector: gradient, tail and
 * flag. The layers' operations are those that also run one by one.
 */
import { fromPixels, Network } from '@gradcast/network';
import type { GraphValue, Kernels, StepGraph, StepNode, Trace } from '@gradcast/network';
import type { BatchField, Task } from '@gradcast/task';
import { padded } from '@gradcast/tensors';
import type { Layout } from '@gradcast/tensors';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { NodeBackend, TensorMetadata } from '../binding.ts';
import { Doubles } from './doubles.ts';
import { ganLoss, softmaxLoss, sumOfNorms } from './losses.ts';
import type { Parts } from './losses.ts';
import { RawOps, TYPE } from './raw-ops.ts';

/** What of a task its function depends on. */
export type StepTask = Pick<Task, 'name' | 'fields' | 'parameters' | 'tail'>;

interface StepBodyOptions {
  readonly backend: NodeBackend;
  readonly kernels: Kernels;
  readonly task: StepTask;
  readonly graph: StepGraph;
}

/** What a step is computed from, on the device. */
interface StepInputs {
  /** `[parameters.length]`. */
  readonly parameters: TensorMetadata;
  /** By name, flat: bytes or floats. */
  readonly fields: Readonly<Record<string, TensorMetadata>>;
}

/** Elements behind gradient and tail: 1 if the step must be computed another way, else 0. */
const FLAGS = 1;

/**
 * Runs a step op by op.
 *
 * @returns `[parameters.length + tail.length + FLAGS]`, which is the caller's to free.
 * @throws Error if the graph leaves an element of gradient or tail without a value.
 */
export function runStep(options: StepBodyOptions, inputs: StepInputs): TensorMetadata {
  const raw = new RawOps(options.backend);
  tf.engine().startScope();
  try {
    return raw.keep(new StepRun(options, raw, inputs).result());
  } finally {
    tf.engine().endScope();
    raw.free();
  }
}

class StepRun {
  readonly #options: StepBodyOptions;
  readonly #raw: RawOps;
  readonly #doubles: Doubles;
  readonly #fields: Readonly<Record<string, TensorMetadata>>;
  readonly #parameters: NamedTensorMap;
  readonly #networks: ReadonlyMap<string, Network>;
  /** Results of the nodes so far, by place. */
  readonly #values: Parts[] = [];
  readonly #traces = new Map<number, { readonly network: Network; readonly trace: Trace }>();
  readonly #gradients: NamedTensorMap = {};
  /** Of each network's first forward pass. */
  readonly #statistics: NamedTensorMap = {};

  constructor(options: StepBodyOptions, raw: RawOps, inputs: StepInputs) {
    this.#options = options;
    this.#raw = raw;
    this.#doubles = new Doubles(raw);
    this.#fields = inputs.fields;
    this.#networks = new Map(options.graph.networks.map((each) => [each.name, new Network(each)]));
    this.#parameters = Object.fromEntries(
      options.task.parameters.entries.map(({ name, shape, offset, size }) => {
        const values = raw.slice(inputs.parameters, [offset], [size]);
        return [name, raw.toTensor(raw.reshape(values, shape))];
      }),
    );
  }

  result(): TensorMetadata {
    const { graph, task } = this.#options;
    for (const node of graph.nodes) {
      const parts = this.#partsOf(node);
      this.#values.push(parts);
    }
    const scalars = Object.entries(graph.scalars).map(([name, value]): [string, Tensor] => [
      name,
      typeof value === 'number' ? tf.tensor1d([value], 'float32') : this.#of(value),
    ]);
    const flag = graph.flag ? this.#of(graph.flag) : tf.zeros([FLAGS]);
    return this.#raw.concat([
      ...this.#laidOut(task.parameters, this.#gradients),
      ...this.#laidOut(task.tail, { ...this.#statistics, ...Object.fromEntries(scalars) }),
      this.#raw.of(flag),
    ]);
  }

  #of({ node, part }: GraphValue): Tensor {
    const value = this.#values[node][part] as Tensor | undefined;
    if (!value)
      throw new Error(`the step of task ${this.#options.task.name} uses ${part} of node ${node}, which has none`);
    return value;
  }

  #partsOf(node: StepNode): Parts {
    switch (node.op) {
      case 'field':
        return { out: this.#field(node.field) };
      case 'rows':
        return { out: rows(this.#of(node.of), node.from, node.count) };
      case 'concat':
        return { out: tf.concat(node.of.map((each) => this.#of(each))) };
      case 'disturb':
        return { out: disturbed(this.#of(node.of), this.#of(node.noise), node) };
      case 'forward':
        return { out: this.#forward(node) };
      case 'backward':
        return this.#backward(node);
      case 'gan-loss':
        return ganLoss(this.#doubles, this.#of(node.logits), node);
      case 'softmax-loss':
        return softmaxLoss(this.#doubles, this.#of(node.scores), this.#of(node.labels));
      case 'scale':
        return { out: tf.mul(this.#of(node.of), this.#of(node.by)) };
      case 'sum-of-norms':
        return { out: sumOfNorms(this.#doubles, this.#of(node.of)) };
      default:
        return node satisfies never;
    }
  }

  #field(name: string): Tensor {
    const field = this.#options.task.fields.find((each) => each.name === name);
    if (!field) throw new Error(`task ${this.#options.task.name} has no field ${name}`);
    const shape = [this.#options.graph.samples, ...field.shape];
    return this.#raw.toTensor(this.#raw.reshape(this.#numbers(field), shape));
  }

  /** Bytes of images become floats by the host's table, with its bits. */
  #numbers(field: BatchField): TensorMetadata {
    const values = this.#fields[field.name];
    if (field.dtype === 'f32') return values;
    if (field.source !== 'image') return this.#raw.cast(values, TYPE.float);
    const numbers = fromPixels(
      Uint8Array.from({ length: 256 }, (_, byte) => byte),
      field.range,
    );
    const table = this.#raw.constant([256], TYPE.float, numbers);
    return this.#raw.gather(table, this.#raw.cast(values, TYPE.int32));
  }

  #forward({ network: name, of, labels }: Extract<StepNode, { op: 'forward' }>): Tensor {
    const network = this.#networks.get(name)!;
    const { kernels } = this.#options;
    const pass = { kernels, parameters: this.#parameters, ...(labels && { labels: this.#of(labels) }) };
    const trace = network.forward(this.#of(of), pass);
    this.#traces.set(this.#values.length, { network, trace });
    for (const [statistic, tensor] of Object.entries(trace.statistics)) this.#statistics[statistic] ??= tensor;
    return trace.output;
  }

  #backward({ of, seed, parameters, inputFrom }: Extract<StepNode, { op: 'backward' }>): Parts {
    const { network, trace } = this.#traces.get(of.node)!;
    const { kernels } = this.#options;
    const { dx, gradients } = network.backward(
      trace,
      this.#of(seed),
      { kernels, parameters: this.#parameters },
      { parameterGradients: parameters, ...(inputFrom !== undefined && { inputFrom }) },
    );
    for (const [name, gradient] of Object.entries(gradients)) {
      this.#gradients[name] = name in this.#gradients ? tf.add(this.#gradients[name], gradient) : gradient;
    }
    return dx ? { out: dx } : {};
  }

  /** The tensors of a layout as runs of floats, in its order, with zeros between them. */
  #laidOut({ entries }: Layout, tensors: NamedTensorMap): TensorMetadata[] {
    return entries.flatMap(({ name, size }) => {
      if (!(name in tensors)) throw new Error(`the step of task ${this.#options.task.name} gives no ${name}`);
      const values = this.#raw.reshape(this.#raw.of(tensors[name]), [size]);
      const gap = padded(size) - size;
      return gap === 0 ? [values] : [values, this.#raw.constant([gap], TYPE.float, new Float32Array(gap))];
    });
  }
}

function rows(x: Tensor, from: number, count: number): Tensor {
  return tf.slice(x, [from, ...x.shape.slice(1).map(() => 0)], [count, ...x.shape.slice(1)]);
}

/** The first samples with noise on them; see libs/gan/src/penalty.ts. */
function disturbed(
  x: Tensor,
  noise: Tensor,
  { samples, deviation }: { readonly samples: number; readonly deviation: number },
): Tensor {
  const few = rows(x, 0, samples);
  const pieces = tf.slice(tf.reshape(noise, [-1]), [0], [few.size]);
  return tf.add(few, tf.mul(tf.reshape(pieces, few.shape), deviation));
}
