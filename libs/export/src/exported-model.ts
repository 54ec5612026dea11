/** A trained task as a chain of plain layers. */
import { layerNames, Network } from '@gradcast/network';
import type { LayerSpec, Trainable } from '@gradcast/network';
import type { BatchField, LabelField, TaskOutput } from '@gradcast/task';
import { tensorView } from '@gradcast/tensors';
import { ExportError } from './export-error.ts';
import { classScaleShift, foldBatchNorm } from './fold.ts';
import type { ExportedLayer, ImageShape } from './layer.ts';

export interface ExportedModel {
  /** Of the task. */
  readonly name: string;
  /** The optimizer's step that it was trained to. */
  readonly step: number;
  readonly input: BatchField;
  /** The second input of a model that is told of classes: one label a sample. */
  readonly labels: LabelField | undefined;
  readonly output: TaskOutput['values'];
  readonly layers: readonly ExportedLayer[];
}

export interface ExportedModelOptions {
  readonly task: Trainable;
  readonly step: number;
  /** A whole parameter vector. */
  readonly parameters: Float32Array;
  /** BatchNorm statistics by name, `.../mean` and `.../variance`. */
  readonly statistics: Readonly<Record<string, Float32Array>>;
}

/** @throws ExportError if the task's output is no chain of networks, or a layer has no plain form. */
export function exportedModel({ task, step, parameters, statistics }: ExportedModelOptions): ExportedModel {
  const { name, output } = task;
  const chain = task.outputChain();
  if (!output || !chain) {
    const why = output ? 'is more than networks that one input passes in turn' : 'is not said in its definition';
    throw new ExportError(`the task ${name} cannot be exported: its output ${why}`);
  }
  const names = chain.networks.map((network) => network.name);
  if (new Set(names).size < names.length) {
    throw new ExportError(`the task ${name} cannot be exported: its output passes a network more than once`);
  }
  const weightsOf = (tensor: string) => tensorView(task.parameters, parameters, tensor).slice();
  const layers: ExportedLayer[] = [];
  for (const options of chain.networks) {
    let input = options.input;
    const ownNames = layerNames(options.name, options.layers);
    for (const [index, { outputShape, parameters: tensors }] of new Network(options).layers.entries()) {
      const spec = options.layers[index];
      const own = ownNames[index];
      const named = (part: string) => tensors.some((tensor) => tensor.name === `${own}/${part}`);
      const weights = {
        of: (part: string) => weightsOf(`${own}/${part}`),
        bias: (size: number) => (named('bias') ? weightsOf(`${own}/bias`) : new Float32Array(size)),
        statistic: (part: string) => statistics[`${own}/${part}`],
      };
      add(layers, { spec, own, input, output: outputShape, weights, epsilon: options.batchNormEpsilon ?? 0 });
      input = outputShape;
    }
  }
  return { name, step, input: chain.input, labels: chain.labels, output: output.values, layers };
}

interface Added {
  readonly spec: LayerSpec;
  readonly own: string;
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly weights: {
    readonly of: (part: string) => Float32Array;
    readonly bias: (size: number) => Float32Array;
    readonly statistic: (part: string) => Float32Array;
  };
  readonly epsilon: number;
}

function add(layers: ExportedLayer[], { spec, own: name, input, output, weights, epsilon }: Added): void {
  const image = { input: input as ImageShape, output: output as ImageShape };
  switch (spec.kind) {
    case 'dense':
      layers.push({ kind: 'dense', name, input, output, kernel: weights.of('kernel'), bias: weights.bias(spec.units) });
      return;
    case 'conv':
    case 'conv_transpose': {
      const { kind, kernel: size, stride, padding, filters } = spec;
      const numbers = { kernel: weights.of('kernel'), bias: weights.bias(filters) };
      layers.push({ kind, name, ...image, size, stride, padding, ...numbers });
      return;
    }
    case 'resize_conv': {
      const { factor, kernel: size, filters } = spec;
      const [height, width, channels] = image.input;
      const between: ImageShape = [height * factor, width * factor, channels];
      const numbers = { kernel: weights.of('kernel'), bias: weights.bias(filters) };
      layers.push({ kind: 'resize', name: `${name}/resize`, input: image.input, output: between, factor });
      layers.push({
        kind: 'conv',
        ...{ name, input: between, output: image.output, size, stride: 1, padding: 'same' },
        ...numbers,
      });
      return;
    }
    case 'batch_norm':
    case 'class_batch_norm': {
      const [gamma, beta] = [weights.of('gamma'), weights.of('beta')];
      const [mean, variance] = [weights.statistic('mean'), weights.statistic('variance')];
      const norm = { name, shape: output, gamma, beta, mean, variance, epsilon };
      if (spec.kind === 'batch_norm') foldBatchNorm(layers, norm);
      else layers.push(classScaleShift(norm, spec.classes));
      return;
    }
    case 'activation': {
      const { activation, slope = 0 } = spec;
      layers.push({ kind: 'activation', name, input, output, activation, slope });
      return;
    }
    case 'average_pool':
      layers.push({ kind: 'average_pool', name, ...image, size: spec.size });
      return;
    case 'resize':
      layers.push({ kind: 'resize', name, ...image, factor: spec.factor });
      return;
    case 'reshape':
      layers.push({ kind: 'reshape', name, input, output });
      return;
    case 'projection':
      throw new ExportError(`the layer ${name} cannot be exported: no format has one like it`);
    default:
      spec satisfies never;
  }
}
