/**
 * Convolution and transposed convolution. Either is the other's input gradient, so both use the same three kernels; only
 * which side of the filter is large differs.
 */
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Kernels, Window } from '../kernels.ts';
import type { ConvolutionSpec } from '../presets.ts';
import type { Layer } from './layer.ts';
import { samplesFrom } from './layer.ts';

type ImageShape = readonly [number, number, number];

/** Side of a convolution's output. */
function smallSide(large: number, { kernel, stride, padding }: ConvolutionSpec): number {
  return padding === 'same' ? Math.ceil(large / stride) : Math.ceil((large - kernel + 1) / stride);
}

/** Side of a transposed convolution's output, as Keras chooses it without output padding. */
function largeSide(small: number, { kernel, stride, padding }: ConvolutionSpec): number {
  return padding === 'same' ? small * stride : small * stride + Math.max(kernel - stride, 0);
}

interface Operation {
  readonly outputShape: ImageShape;
  readonly filterShape: [number, number, number, number];
  apply(kernels: Kernels, x: Tensor4D, filter: Tensor4D): Tensor4D;
  filterGradient(kernels: Kernels, x: Tensor4D, dy: Tensor4D): Tensor4D;
  inputGradient(kernels: Kernels, dy: Tensor4D, filter: Tensor4D): Tensor4D;
}

function layerOf(name: string, operation: Operation, bias: boolean): Layer {
  const { outputShape, filterShape } = operation;
  const kernelName = `${name}/kernel`;
  const biasName = `${name}/bias`;
  return {
    outputShape,
    parameters: [
      { name: kernelName, shape: filterShape },
      ...(bias ? [{ name: biasName, shape: [outputShape[2]] }] : []),
    ],
    statistics: [],
    gradientNeeds: 'x',
    forward(x, { kernels, parameters }) {
      const image = operation.apply(kernels, x as Tensor4D, parameters[kernelName] as Tensor4D);
      const y = bias ? kernels.biasAdd(image, parameters[biasName] as Tensor1D) : image;
      return { y, saved: [], statistics: {} };
    },
    backward({ x, dy, parameterGradients, inputFrom }, { kernels, parameters }) {
      const gradients = parameterGradients
        ? {
            [kernelName]: operation.filterGradient(kernels, x as Tensor4D, dy as Tensor4D),
            ...(bias ? { [biasName]: kernels.biasGradient(dy) } : {}),
          }
        : {};
      if (inputFrom === undefined) return { gradients };
      const rows = samplesFrom(dy as Tensor4D, inputFrom);
      return { gradients, dx: operation.inputGradient(kernels, rows, parameters[kernelName] as Tensor4D) };
    },
  };
}

/** `[N, H, W, in]` to `[N, H', W', filters]`; the filter is `[k, k, in, filters]`. */
export function convolution(name: string, inputShape: ImageShape, spec: ConvolutionSpec): Layer {
  const [height, width, channels] = inputShape;
  const window: Window = { stride: spec.stride, padding: spec.padding };
  const filterShape: Operation['filterShape'] = [spec.kernel, spec.kernel, channels, spec.filters];
  return layerOf(
    name,
    {
      outputShape: [smallSide(height, spec), smallSide(width, spec), spec.filters],
      filterShape,
      apply: (kernels, x, filter) => kernels.conv2d(x, filter, window),
      filterGradient: (kernels, x, dy) => kernels.conv2dFilterGradient(x, dy, filterShape, window),
      inputGradient: (kernels, dy, filter) =>
        kernels.conv2dInputGradient(dy, filter, [dy.shape[0], height, width, channels], window),
    },
    spec.bias,
  );
}

/** `[N, H, W, in]` to `[N, H', W', filters]`; the filter is `[k, k, filters, in]`. */
export function convolutionTranspose(name: string, inputShape: ImageShape, spec: ConvolutionSpec): Layer {
  const [height, width, channels] = inputShape;
  const window: Window = { stride: spec.stride, padding: spec.padding };
  const filterShape: Operation['filterShape'] = [spec.kernel, spec.kernel, spec.filters, channels];
  const outputShape: ImageShape = [largeSide(height, spec), largeSide(width, spec), spec.filters];
  return layerOf(
    name,
    {
      outputShape,
      filterShape,
      apply: (kernels, x, filter) => kernels.conv2dInputGradient(x, filter, [x.shape[0], ...outputShape], window),
      // The transposed layer's output is the convolution's input: x and dy change places.
      filterGradient: (kernels, x, dy) => kernels.conv2dFilterGradient(dy, x, filterShape, window),
      inputGradient: (kernels, dy, filter) => kernels.conv2d(dy, filter, window),
    },
    spec.bias,
  );
}
