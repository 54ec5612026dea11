/**
 * Convolution and transposed convolution. Either is the other's input gradient, so both use the same three products; only
 * which side of the filter is large differs.
 */
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { convolutionOf } from '../direct-convolution.ts';
import { largeSide, smallSide } from '../geometry.ts';
import type { Kernels, PreparedConvolution } from '../kernels.ts';
import type { ConvolutionSpec } from '../layer-spec.ts';
import type { Layer } from './layer.ts';
import { samplesFrom } from './layer.ts';

type ImageShape = readonly [number, number, number];

/** The same convolution seen from its output: what was its input gradient is the forward pass, x and dy change places. */
function transposed(convolution: PreparedConvolution): PreparedConvolution {
  return {
    input: (x) => convolution.output(x),
    filter: (filter) => convolution.filter(filter),
    output: (dy) => convolution.input(dy),
    forward: (input, filter) => convolution.inputGradient(input, filter),
    inputGradient: (output, filter) => convolution.forward(output, filter),
    filterGradient: (input, output) => convolution.filterGradient(output, input),
  };
}

interface Geometry {
  readonly outputShape: ImageShape;
  readonly filterShape: [number, number, number, number];
  /** The layer on a batch: its `input` is x and its `output` dy. */
  readonly prepare: (kernels: Kernels, images: number) => PreparedConvolution;
}

function layerOf(name: string, geometry: Geometry, bias: boolean): Layer {
  const { outputShape, filterShape, prepare } = geometry;
  const kernelName = `${name}/kernel`;
  const biasName = `${name}/bias`;
  return {
    outputShape,
    parameters: [
      { name: kernelName, shape: filterShape },
      ...(bias ? [{ name: biasName, shape: [outputShape[2]] }] : []),
    ],
    statistics: [],
    gradientNeeds: undefined,
    forward(x, { kernels, parameters }) {
      const convolution = prepare(kernels, x.shape[0]);
      const saved = [convolution.input(x as Tensor4D), convolution.filter(parameters[kernelName] as Tensor4D)];
      const image = convolution.forward(saved[0], saved[1]);
      const y = bias ? kernels.biasAdd(image, parameters[biasName] as Tensor1D) : image;
      return { y, saved, statistics: {} };
    },
    backward({ dy, saved: [x, filter], parameterGradients, inputFrom }, { kernels }) {
      const convolution = prepare(kernels, dy.shape[0]);
      const whole = convolution.output(dy as Tensor4D);
      const gradients = parameterGradients
        ? {
            [kernelName]: convolution.filterGradient(x, whole),
            ...(bias ? { [biasName]: kernels.biasGradient(dy) } : {}),
          }
        : {};
      if (inputFrom === undefined) return { gradients };
      const rows = inputFrom === 0 ? whole : convolution.output(samplesFrom(dy as Tensor4D, inputFrom));
      return { gradients, dx: convolution.inputGradient(rows, filter) };
    },
  };
}

/** `[N, H, W, in]` to `[N, H', W', filters]`; the filter is `[k, k, in, filters]`. */
export function convolution(name: string, inputShape: ImageShape, spec: ConvolutionSpec): Layer {
  const { filters, kernel, stride, padding, bias } = spec;
  const [height, width, channels] = inputShape;
  const filter: Geometry['filterShape'] = [kernel, kernel, channels, filters];
  return layerOf(
    name,
    {
      outputShape: [smallSide(height, spec), smallSide(width, spec), filters],
      filterShape: filter,
      prepare: (kernels, images) => convolutionOf(kernels, { stride, padding, input: [images, ...inputShape], filter }),
    },
    bias,
  );
}

/** `[N, H, W, in]` to `[N, H', W', filters]`; the filter is `[k, k, filters, in]`. */
export function convolutionTranspose(name: string, inputShape: ImageShape, spec: ConvolutionSpec): Layer {
  const { filters, kernel, stride, padding, bias } = spec;
  const [height, width, channels] = inputShape;
  const outputShape: ImageShape = [largeSide(height, spec), largeSide(width, spec), filters];
  const filter: Geometry['filterShape'] = [kernel, kernel, filters, channels];
  return layerOf(
    name,
    {
      outputShape,
      filterShape: filter,
      prepare: (kernels, images) =>
        transposed(convolutionOf(kernels, { stride, padding, input: [images, ...outputShape], filter })),
    },
    bias,
  );
}
