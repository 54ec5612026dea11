/**
 * A network's layers as blocks: a layer that computes over many numbers, and the activation behind it, which is applied while the
 * layer's results are at hand. Reshapes are nothing, as all values are flat.
 */
import { layerNames } from '@gradcast/network';
import type { ActivationUse, LayerSpec, NetworkOptions } from '@gradcast/network';
import { sizeOf } from '@gradcast/tensors';
import { convolutionOf, denseOf, transposedConvolutionOf } from './convolution.ts';
import type { Convolution } from './convolution.ts';
import type { PooledShape, TapSums } from './launch.ts';
import { PlanError } from './plan-error.ts';

export type Main =
  | {
      readonly kind: 'product';
      readonly convolution: Convolution;
      /** Whether the layer goes from the small side to the large one. */
      readonly transposed: boolean;
      /** Names of tensors. */
      readonly filter: string;
      readonly bias: string | undefined;
      /** Of a resizing convolution, whose filter is made from another. */
      readonly taps?: TapSums;
    }
  | {
      readonly kind: 'norm';
      readonly gamma: string;
      readonly beta: string;
      readonly mean: string;
      readonly variance: string;
      /** 1 without classes. */
      readonly classes: number;
      readonly isTold: boolean;
      readonly epsilon: number;
    }
  | {
      readonly kind: 'projection';
      readonly kernel: string;
      readonly embedding: string;
      readonly bias: string;
      readonly classes: number;
    }
  | { readonly kind: 'pool' | 'resize'; readonly large: PooledShape; readonly size: number }
  | { readonly kind: 'none' };

export interface Block {
  /** Of its first layer. */
  readonly name: string;
  readonly main: Main;
  readonly activation?: ActivationUse;
  /** Elements of a sample. */
  readonly inputSize: number;
  readonly outputSize: number;
  /** Of the output. */
  readonly channels: number;
}

/** @throws PlanError `plan-unsupported`. */
export function blocksOf({ name, input, layers, batchNormEpsilon }: NetworkOptions): Block[] {
  const names = layerNames(name, layers);
  const blocks: Block[] = [];
  let shape = input;
  for (const [index, spec] of layers.entries()) {
    if (spec.kind === 'reshape') {
      shape = spec.shape;
      continue;
    }
    const last = blocks.at(-1);
    if (spec.kind === 'activation') {
      const activation = { activation: spec.activation, slope: spec.slope ?? 0 };
      if (last && !last.activation) blocks[blocks.length - 1] = { ...last, activation };
      else blocks.push({ ...blockOf(names[index], { main: { kind: 'none' }, shape, next: shape }), activation });
      continue;
    }
    const { main, next } = mainOf(names[index], spec, { shape, epsilon: batchNormEpsilon ?? 0 });
    blocks.push(blockOf(names[index], { main, shape, next }));
    shape = next;
  }
  return blocks;
}

type Shape = readonly number[];

function blockOf(name: string, { main, shape, next }: { main: Main; shape: Shape; next: Shape }): Block {
  return { name, main, inputSize: sizeOf(shape), outputSize: sizeOf(next), channels: next[next.length - 1] };
}

function mainOf(
  name: string,
  spec: Exclude<LayerSpec, { kind: 'reshape' | 'activation' }>,
  { shape, epsilon }: { shape: Shape; epsilon: number },
): { main: Main; next: Shape } {
  switch (spec.kind) {
    case 'dense': {
      const names = { filter: `${name}/kernel`, bias: spec.bias ? `${name}/bias` : undefined };
      const convolution = denseOf(shape[0], spec.units);
      return { main: { kind: 'product', convolution, transposed: false, ...names }, next: [spec.units] };
    }
    case 'conv': {
      const names = { filter: `${name}/kernel`, bias: spec.bias ? `${name}/bias` : undefined };
      const convolution = convolutionOf(shape, spec);
      const next = [...convolution.small, spec.filters];
      return { main: { kind: 'product', convolution, transposed: false, ...names }, next };
    }
    case 'conv_transpose': {
      const names = { filter: `${name}/kernel`, bias: spec.bias ? `${name}/bias` : undefined };
      const convolution = transposedConvolutionOf(shape, spec);
      const next = [...convolution.large, spec.filters];
      return { main: { kind: 'product', convolution, transposed: true, ...names }, next };
    }
    case 'resize_conv': {
      const names = { filter: `${name}/kernel`, bias: spec.bias ? `${name}/bias` : undefined };
      const { kernel, factor, filters } = spec;
      const window = { filters, kernel: kernel + factor - 1, stride: factor, padding: 'same' } as const;
      const convolution = transposedConvolutionOf(shape, window);
      const taps = { kernel, factor, inputs: shape[2], outputs: filters };
      const next = [...convolution.large, filters];
      return { main: { kind: 'product', convolution, transposed: true, taps, ...names }, next };
    }
    case 'batch_norm':
    case 'class_batch_norm': {
      const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((part) => `${name}/${part}`);
      const isTold = spec.kind === 'class_batch_norm';
      const classes = isTold ? spec.classes : 1;
      return { main: { kind: 'norm', gamma, beta, mean, variance, classes, isTold, epsilon }, next: shape };
    }
    case 'projection': {
      const [kernel, bias, embedding] = ['kernel', 'bias', 'embedding'].map((part) => `${name}/${part}`);
      return { main: { kind: 'projection', kernel, bias, embedding, classes: spec.classes }, next: [1] };
    }
    case 'average_pool': {
      const next = [Math.floor(shape[0] / spec.size), Math.floor(shape[1] / spec.size), shape[2]];
      return { main: { kind: 'pool', large: [shape[0], shape[1], shape[2]], size: spec.size }, next };
    }
    case 'resize': {
      const next = [spec.factor * shape[0], spec.factor * shape[1], shape[2]] as const;
      return { main: { kind: 'resize', large: next, size: spec.factor }, next };
    }
    default:
      spec satisfies never;
      throw new PlanError('plan-unsupported', `${name} is a layer that no plan has`);
  }
}
