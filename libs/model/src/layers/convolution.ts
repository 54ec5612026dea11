/**
 * Convolution and transposed convolution. Either is the other's input gradient, so both use the same three products; only
 * which side of the filter is large differs.
 */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { convolutionOf } from '../direct-convolution.ts';
import type { PreparedConvolution, Window } from '../kernels.ts';
import type { ConvolutionSpec } from '../presets.ts';
import type { Layer, Pass } from './layer.ts';
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

/** What x and dy of a layer are to its convolution. */
interface Roles {
  apply(convolution: PreparedConvolution, x: Tensor, filter: Tensor): Tensor4D;
  x(convolution: PreparedConvolution, x: Tensor4D): Tensor;
  dy(convolution: PreparedConvolution, dy: Tensor4D): Tensor;
  filterGradient(convolution: PreparedConvolution, x: Tensor, dy: Tensor): Tensor4D;
  inputGradient(convolution: PreparedConvolution, dy: Tensor, filter: Tensor): Tensor4D;
}

const FORWARD: Roles = {
  apply: (convolution, x, filter) => convolution.forward(x, filter),
  x: (convolution, x) => convolution.input(x),
  dy: (convolution, dy) => convolution.output(dy),
  filterGradient: (convolution, x, dy) => convolution.filterGradient(x, dy),
  inputGradient: (convolution, dy, filter) => convolution.inputGradient(dy, filter),
};

/** The transposed layer's output is the convolution's input: x and dy change places. */
const TRANSPOSED: Roles = {
  apply: (convolution, x, filter) => convolution.inputGradient(x, filter),
  x: (convolution, x) => convolution.output(x),
  dy: (convolution, dy) => convolution.input(dy),
  filterGradient: (convolution, x, dy) => convolution.filterGradient(dy, x),
  inputGradient: (convolution, dy, filter) => convolution.forward(dy, filter),
};

interface Geometry {
  readonly outputShape: ImageShape;
  /** Shape of the images on the side that is the convolution's input. */
  readonly convolutionInput: ImageShape;
  readonly filterShape: [number, number, number, number];
  readonly window: Window;
}

function layerOf(name: string, geometry: Geometry, roles: Roles, bias: boolean): Layer {
  const { outputShape, convolutionInput, filterShape, window } = geometry;
  const kernelName = `${name}/kernel`;
  const biasName = `${name}/bias`;
  const convolutionFor = (images: number, { kernels }: Pass): PreparedConvolution =>
    convolutionOf(kernels, { ...window, input: [images, ...convolutionInput], filter: filterShape });
  return {
    outputShape,
    parameters: [
      { name: kernelName, shape: filterShape },
      ...(bias ? [{ name: biasName, shape: [outputShape[2]] }] : []),
    ],
    statistics: [],
    gradientNeeds: undefined,
    forward(x, pass) {
      const { kernels, parameters } = pass;
      const convolution = convolutionFor(x.shape[0], pass);
      const saved = [roles.x(convolution, x as Tensor4D), convolution.filter(parameters[kernelName] as Tensor4D)];
      const image = roles.apply(convolution, saved[0], saved[1]);
      const y = bias ? kernels.biasAdd(image, parameters[biasName] as Tensor1D) : image;
      return { y, saved, statistics: {} };
    },
    backward({ dy, saved: [x, filter], parameterGradients, inputFrom }, pass) {
      const convolution = convolutionFor(dy.shape[0], pass);
      const whole = roles.dy(convolution, dy as Tensor4D);
      const gradients = parameterGradients
        ? {
            [kernelName]: roles.filterGradient(convolution, x, whole),
            ...(bias ? { [biasName]: pass.kernels.biasGradient(dy) } : {}),
          }
        : {};
      if (inputFrom === undefined) return { gradients };
      const rows = inputFrom === 0 ? whole : roles.dy(convolution, samplesFrom(dy as Tensor4D, inputFrom));
      return { gradients, dx: roles.inputGradient(convolution, rows, filter) };
    },
  };
}

/** `[N, H, W, in]` to `[N, H', W', filters]`; the filter is `[k, k, in, filters]`. */
export function convolution(name: string, inputShape: ImageShape, spec: ConvolutionSpec): Layer {
  const [height, width, channels] = inputShape;
  const geometry: Geometry = {
    outputShape: [smallSide(height, spec), smallSide(width, spec), spec.filters],
    convolutionInput: inputShape,
    filterShape: [spec.kernel, spec.kernel, channels, spec.filters],
    window: { stride: spec.stride, padding: spec.padding },
  };
  return layerOf(name, geometry, FORWARD, spec.bias);
}

/** `[N, H, W, in]` to `[N, H', W', filters]`; the filter is `[k, k, filters, in]`. */
export function convolutionTranspose(name: string, inputShape: ImageShape, spec: ConvolutionSpec): Layer {
  const [height, width, channels] = inputShape;
  const outputShape: ImageShape = [largeSide(height, spec), largeSide(width, spec), spec.filters];
  const geometry: Geometry = {
    outputShape,
    convolutionInput: outputShape,
    filterShape: [spec.kernel, spec.kernel, spec.filters, channels],
    window: { stride: spec.stride, padding: spec.padding },
  };
  return layerOf(name, geometry, TRANSPOSED, spec.bias);
}
