/**
 * A trained network as other programs are told of it: a chain of plain layers with their numbers. BatchNorm is folded into the
 * layer before it, and a resizing convolution is a resize and a convolution, so that every format has a layer for each.
 *
 * Shapes leave out the batch axis; images are `[H, W, C]`, arrays row-major f32.
 */

export type ImageShape = readonly [number, number, number];

interface LayerBase {
  /** Unique, such as `generator/conv_transpose_1`; tensors are named `<name>/kernel` and so on. */
  readonly name: string;
  readonly input: readonly number[];
  readonly output: readonly number[];
}

/** Its `kernel` is `[in, out]`. */
export interface DenseLayer extends LayerBase {
  readonly kind: 'dense';
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** Its `kernel` is `[k, k, in, out]` of a convolution and `[k, k, out, in]` of a transposed one. */
export interface ConvolutionLayer extends LayerBase {
  readonly kind: 'conv' | 'conv_transpose';
  readonly input: ImageShape;
  readonly output: ImageShape;
  /** Side of the kernel. */
  readonly size: number;
  readonly stride: number;
  readonly padding: 'same' | 'valid';
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** x times `scale` plus `shift`, one of each for an element of the last axis: BatchNorm that has no layer to be folded into. */
export interface ScaleShiftLayer extends LayerBase {
  readonly kind: 'scale_shift';
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** As {@link ScaleShiftLayer}, with a row for each class; both are `[classes, C]`. */
export interface ClassScaleShiftLayer extends LayerBase {
  readonly kind: 'class_scale_shift';
  readonly classes: number;
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

export interface ActivationLayer extends LayerBase {
  readonly kind: 'activation';
  readonly activation: 'tanh' | 'sigmoid' | 'relu' | 'leaky_relu';
  /** Of `leaky_relu` below 0; 0 for the others. */
  readonly slope: number;
}

export interface PoolLayer extends LayerBase {
  readonly kind: 'average_pool';
  readonly input: ImageShape;
  readonly output: ImageShape;
  readonly size: number;
}

export interface ResizeLayer extends LayerBase {
  readonly kind: 'resize';
  readonly input: ImageShape;
  readonly output: ImageShape;
  readonly factor: number;
}

export interface ReshapeLayer extends LayerBase {
  readonly kind: 'reshape';
}

export type ExportedLayer =
  | DenseLayer
  | ConvolutionLayer
  | ScaleShiftLayer
  | ClassScaleShiftLayer
  | ActivationLayer
  | PoolLayer
  | ResizeLayer
  | ReshapeLayer;

/** A tensor of a layer. */
export interface LayerTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The tensors of a layer, in the order in which formats list them. */
export function tensorsOf(layer: ExportedLayer): LayerTensor[] {
  const named = (part: string, shape: readonly number[], data: Float32Array): LayerTensor => {
    return { name: `${layer.name}/${part}`, shape, data };
  };
  switch (layer.kind) {
    case 'dense':
      return [
        named('kernel', [layer.input[0], layer.output[0]], layer.kernel),
        named('bias', layer.output, layer.bias),
      ];
    case 'conv':
    case 'conv_transpose': {
      const [from, to] = [layer.input[2], layer.output[2]];
      const channels = layer.kind === 'conv' ? [from, to] : [to, from];
      return [named('kernel', [layer.size, layer.size, ...channels], layer.kernel), named('bias', [to], layer.bias)];
    }
    case 'scale_shift':
      return [named('scale', layer.output.slice(-1), layer.scale), named('shift', layer.output.slice(-1), layer.shift)];
    case 'class_scale_shift': {
      const table = [layer.classes, ...layer.output.slice(-1)];
      return [named('scale', table, layer.scale), named('shift', table, layer.shift)];
    }
    case 'activation':
    case 'average_pool':
    case 'resize':
    case 'reshape':
      return [];
    default:
      return layer satisfies never;
  }
}

/** Zeros around one axis of an image so that a `same` or `valid` window of the convolution fits, as TensorFlow places them. */
export function paddingOf(
  large: number,
  { size, stride, padding }: Pick<ConvolutionLayer, 'size' | 'stride' | 'padding'>,
) {
  if (padding === 'valid') return { before: 0, after: 0 };
  const whole = Math.max(0, (Math.ceil(large / stride) - 1) * stride + size - large);
  return { before: Math.floor(whole / 2), after: Math.ceil(whole / 2) };
}
