/**
 * A chain of layers with an explicit backward pass.
 *
 * Invariant: what a pass returns is all that it leaves on the device; inner tensors are freed on the way.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { sizeOf } from '@gradcast/tensors';
import type { TensorSpec } from '@gradcast/tensors';
import { batchNorm } from './layers/batch-norm.ts';
import { classBatchNorm } from './layers/class-batch-norm.ts';
import { convolution, convolutionTranspose } from './layers/convolution.ts';
import { dense } from './layers/dense.ts';
import type { Layer, LayerForward, LayerGradient, Pass } from './layers/layer.ts';
import { activation, averagePool, reshape } from './layers/pointwise.ts';
import { projection } from './layers/projection.ts';
import { LARGEST_RESIZE, resize, resizeConvolution } from './layers/resize.ts';
import { layerNames } from './layer-names.ts';
import { ModelError } from './model-error.ts';
import type { LayerSpec } from './layer-spec.ts';

/** Labels are bytes. */
const LARGEST_CLASS_COUNT = 256;

/** What a forward pass leaves for the backward pass. */
export type Trace = {
  /** Of the network's input (0) and the output of each layer (from 1) those that some gradient needs. */
  values: Record<number, Tensor>;
  /** The network's output, which may be one of the values. */
  output: Tensor;
  /** Per layer what its gradient needs besides its input and output. */
  saved: Tensor[][];
  /** BatchNorm batch statistics by name. */
  statistics: NamedTensorMap;
};

/** Which gradients a backward pass computes. */
export interface BackwardOptions {
  readonly parameterGradients: boolean;
  /** The first sample whose gradient by the network's input is wanted; undefined for none. */
  readonly inputFrom?: number;
}

export interface NetworkOptions {
  /** The first part of its tensors' names. */
  readonly name: string;
  /** Shape of one sample. */
  readonly input: readonly number[];
  readonly layers: readonly LayerSpec[];
  /** Set if there is a BatchNorm layer: added to a variance before its root is taken. */
  readonly batchNormEpsilon?: number | undefined;
}

export class Network {
  readonly name: string;
  readonly layers: readonly Layer[];
  /** Of one sample. */
  readonly outputShape: readonly number[];

  /** @throws ModelError `model-spec` if a layer does not fit the one before it. */
  constructor(options: NetworkOptions) {
    this.name = options.name;
    this.layers = chain(options);
    this.outputShape = this.layers.at(-1)?.outputShape ?? options.input;
    const counts = new Set(this.layers.flatMap(({ classes = [] }) => classes));
    if (counts.size > 1) {
      throw new ModelError('model-spec', `the ${this.name} is told of ${[...counts].join(' and of ')} classes`);
    }
  }

  /** @throws ModelError `model-spec` unless its output has this shape. */
  requireOutput(wanted: readonly number[]): this {
    if (this.outputShape.join() === wanted.join()) return this;
    const found = `[${this.outputShape.join(', ')}], not [${wanted.join(', ')}]`;
    throw new ModelError('model-spec', `the ${this.name} ends in ${found}`);
  }

  /** Whether its output for a sample depends on the others of the batch. */
  get hasBatchNorm(): boolean {
    return this.statistics.length > 0;
  }

  /** Set where its forward passes need labels, which are below this. */
  get classes(): number | undefined {
    return this.layers.find(({ classes }) => classes !== undefined)?.classes;
  }

  /** Trainable tensors in manifest order. */
  get parameters(): TensorSpec[] {
    return this.layers.flatMap((layer) => layer.parameters);
  }

  /** BatchNorm statistics, mean then variance per layer. */
  get statistics(): TensorSpec[] {
    return this.layers.flatMap((layer) => layer.statistics);
  }

  /** Runs all layers and keeps what a backward pass needs; x stays the caller's. */
  forward(x: Tensor, pass: Pass): Trace {
    const { layers } = this;
    const trace: Trace = { values: {}, output: x, saved: [], statistics: {} };
    layers.forEach((layer, i) => {
      const input = trace.output;
      const { y, saved, statistics } = tf.tidy<LayerForward>(() => layer.forward(input, pass));
      if (layer.gradientNeeds === 'x') trace.values[i] = i === 0 ? tf.clone(x) : input;
      if (layer.gradientNeeds === 'y') trace.values[i + 1] = y;
      if (i > 0 && !(i in trace.values)) input.dispose();
      trace.output = y;
      trace.saved.push(saved);
      Object.assign(trace.statistics, statistics);
    });
    return trace;
  }

  /** Runs all layers and keeps the output only. */
  apply(x: Tensor, pass: Pass): Tensor {
    return this.layers.reduce<Tensor>((input, layer) => {
      const y = tf.tidy(() => layer.forward(input, pass).y);
      if (input !== x) input.dispose();
      return y;
    }, x);
  }

  /**
   * Gradients by parameters and, from sample `inputFrom` on, by the input.
   *
   * @param dy gradient by the network's output; stays the caller's.
   */
  backward(trace: Trace, dy: Tensor, pass: Pass, options: BackwardOptions): LayerGradient {
    const { parameterGradients, inputFrom } = options;
    const gradients: NamedTensorMap = {};
    // Below this layer nothing is wanted: the first one, or the first with parameters if the input's gradient is not.
    const last = inputFrom === undefined ? this.layers.findIndex((layer) => layer.parameters.length > 0) : 0;
    let flowing = dy;
    for (let i = this.layers.length - 1; i >= last; i--) {
      const call = {
        x: trace.values[i],
        y: trace.values[i + 1],
        saved: trace.saved[i],
        dy: flowing,
        parameterGradients,
        inputFrom: i > last ? 0 : inputFrom,
      };
      const result = tf.tidy<LayerGradient>(() => this.layers[i].backward(call, pass));
      Object.assign(gradients, result.gradients);
      if (flowing !== dy) flowing.dispose();
      if (!result.dx) break;
      flowing = result.dx;
    }
    return inputFrom === undefined ? { gradients } : { dx: flowing, gradients };
  }
}

function chain({ name, input, layers: specs, batchNormEpsilon }: NetworkOptions): Layer[] {
  const names = layerNames(name, specs);
  const layers: Layer[] = [];
  let shape = input;
  for (const [index, spec] of specs.entries()) {
    const layer = layerOf(names[index], spec, { shape, batchNormEpsilon });
    layers.push(layer);
    shape = layer.outputShape;
  }
  return layers;
}

function imageShape(name: string, shape: readonly number[]): [number, number, number] {
  if (shape.length !== 3) throw new ModelError('model-spec', `${name} needs an image, not shape [${shape.join(', ')}]`);
  return [shape[0], shape[1], shape[2]];
}

function classCount(name: string, { classes }: { readonly classes: number }): number {
  if (Number.isInteger(classes) && classes >= 2 && classes <= LARGEST_CLASS_COUNT) return classes;
  throw new ModelError('model-spec', `${name} needs from 2 to ${LARGEST_CLASS_COUNT} classes, not ${classes}`);
}

function resizeFactor(name: string, { factor }: { readonly factor: number }): number {
  if (Number.isInteger(factor) && factor >= 2 && factor <= LARGEST_RESIZE) return factor;
  throw new ModelError('model-spec', `${name} needs a whole factor from 2 to ${LARGEST_RESIZE}, not ${factor}`);
}

function layerOf(
  name: string,
  spec: LayerSpec,
  { shape, batchNormEpsilon }: { shape: readonly number[]; batchNormEpsilon: number | undefined },
): Layer {
  switch (spec.kind) {
    case 'dense':
      if (shape.length !== 1) throw new ModelError('model-spec', `${name} needs a flat input, not an image`);
      return dense(name, shape[0], spec);
    case 'conv':
      return convolution(name, imageShape(name, shape), spec);
    case 'conv_transpose':
      return convolutionTranspose(name, imageShape(name, shape), spec);
    case 'batch_norm':
      if (batchNormEpsilon === undefined) throw new ModelError('model-spec', `${name} needs BatchNorm's constants`);
      return batchNorm(name, shape, batchNormEpsilon);
    case 'class_batch_norm':
      if (batchNormEpsilon === undefined) throw new ModelError('model-spec', `${name} needs BatchNorm's constants`);
      return classBatchNorm(name, shape, { classes: classCount(name, spec), epsilon: batchNormEpsilon });
    case 'projection':
      if (shape.length !== 1) throw new ModelError('model-spec', `${name} needs a flat input, not an image`);
      return projection(name, shape[0], classCount(name, spec));
    case 'activation':
      return activation(shape, spec.activation, spec.slope ?? 0);
    case 'average_pool':
      return averagePool(imageShape(name, shape), spec.size);
    case 'resize':
      return resize(imageShape(name, shape), resizeFactor(name, spec));
    case 'resize_conv':
      if (spec.kernel % 2 !== 1) throw new ModelError('model-spec', `${name} needs an odd kernel, not ${spec.kernel}`);
      return resizeConvolution(name, imageShape(name, shape), { ...spec, factor: resizeFactor(name, spec) });
    case 'reshape':
      if (sizeOf(shape) !== sizeOf(spec.shape)) {
        throw new ModelError('model-spec', `${name} cannot turn [${shape.join(', ')}] into [${spec.shape.join(', ')}]`);
      }
      return reshape(shape, spec.shape);
    default:
      return spec satisfies never;
  }
}

/** Frees a trace except its statistics, which are results. */
export function disposeTrace({ values, output, saved }: Trace): void {
  tf.dispose([values, output, saved]);
}
