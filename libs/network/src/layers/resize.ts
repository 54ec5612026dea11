/**
 * Nearest-neighbour resizing, alone and fused with the convolution behind it.
 *
 * After a resize by f, output pixel o of a convolution with an odd kernel w of k taps reads up to f taps from one and the same
 * input pixel. Summed beforehand they are the k + f - 1 taps of a transposed convolution of stride f:
 *
 *     F[t] = sum over r < f of w[k - 1 - t + r]        (taps outside of w are zero)
 *
 * along each axis. For k = 3 and f = 2 these are four phases of 2 x 2 taps, 4 products for an output and pair of channels in
 * place of 9, and no resized image is written. Transposed convolutions after a resize of their own: Odena et al.,
 * "Deconvolution and Checkerboard Artifacts" (Distill, 2016).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';
import { samplesFrom } from './layer.ts';
import { convolutionTranspose } from './convolution.ts';
import type { Kernels } from '../kernels.ts';
import type { ConvolutionSpec } from '../layer-spec.ts';

type ImageShape = readonly [number, number, number];

/** Above this the places that a device rounds to might be the neighbours'. */
export const LARGEST_RESIZE = 8;

/** `[N, H, W, C]` to `[N, f H, f W, C]`; the gradient is a sum over squares. */
export function resize([height, width, channels]: ImageShape, factor: number): Layer {
  return {
    outputShape: [factor * height, factor * width, channels],
    parameters: [],
    statistics: [],
    gradientNeeds: undefined,
    forward: (x, { kernels }) => ({ y: kernels.resize(x as Tensor4D, factor), saved: [], statistics: {} }),
    backward({ dy, inputFrom }, { kernels }) {
      if (inputFrom === undefined) return { gradients: {} };
      return { gradients: {}, dx: kernels.resizeGradient(samplesFrom(dy as Tensor4D, inputFrom), factor) };
    },
  };
}

interface ResizeConvolutionSpec extends Pick<ConvolutionSpec, 'filters' | 'kernel' | 'bias'> {
  readonly factor: number;
}

/** A `resize` and a convolution of stride 1, `same` padding, with a filter `[k, k, in, filters]`; k is odd. */
export function resizeConvolution(name: string, inputShape: ImageShape, spec: ResizeConvolutionSpec): Layer {
  const { filters, kernel, factor, bias } = spec;
  const channels = inputShape[2];
  const taps = kernel + factor - 1;
  const whole = convolutionTranspose(name, inputShape, {
    filters,
    kernel: taps,
    stride: factor,
    padding: 'same',
    bias,
  });
  const kernelName = `${name}/kernel`;
  const sums = tapSums(kernel, factor);
  // A fresh copy: a backend may keep the array, and a recorder takes it for a constant.
  const sumsOf = () => tf.tensor2d(sums.slice(), [taps * taps, kernel * kernel], 'float32');

  /** `[k, k, in, filters]` to the transposed convolution's `[taps, taps, filters, in]`. */
  const spread = (filter: Tensor4D, kernels: Kernels): Tensor4D => {
    const turned = tf.transpose(tf.reshape(filter, [kernel * kernel, channels, filters]), [0, 2, 1]);
    const summed = kernels.matMul(sumsOf(), tf.reshape(turned, [kernel * kernel, filters * channels]));
    return tf.reshape(summed, [taps, taps, filters, channels]);
  };
  /** The gradient by `spread`'s argument from that by its result. */
  const gathered = (gradient: Tensor4D, kernels: Kernels): Tensor4D => {
    const rows = tf.reshape<tf.Rank.R2>(gradient, [taps * taps, filters * channels]);
    const summed = tf.reshape(kernels.matMul(sumsOf(), rows, true, false), [kernel * kernel, filters, channels]);
    return tf.reshape(tf.transpose(summed, [0, 2, 1]), [kernel, kernel, channels, filters]);
  };
  return {
    ...whole,
    parameters: whole.parameters.map((tensor) =>
      tensor.name === kernelName ? { name: kernelName, shape: [kernel, kernel, channels, filters] } : tensor,
    ),
    forward(x, pass) {
      const filter = spread(pass.parameters[kernelName] as Tensor4D, pass.kernels);
      return whole.forward(x, { ...pass, parameters: { ...pass.parameters, [kernelName]: filter } });
    },
    backward(call, pass) {
      // The filter that it was computed with is among what the forward pass saved.
      const { gradients, ...rest } = whole.backward(call, pass);
      if (!(kernelName in gradients)) return { ...rest, gradients };
      const filter = gathered(gradients[kernelName] as Tensor4D, pass.kernels);
      return { ...rest, gradients: { ...gradients, [kernelName]: filter } };
    },
  };
}

/** Row-major 0 and 1, `[taps^2, k^2]`: which taps of a kernel each tap of the transposed convolution is the sum of. */
function tapSums(kernel: number, factor: number): Float32Array {
  const taps = kernel + factor - 1;
  const along = (tap: number, k: number): boolean => {
    const last = k - (kernel - 1 - tap);
    return last >= 0 && last < factor;
  };
  return Float32Array.from({ length: taps * taps * kernel * kernel }, (_, entry) => {
    const k = entry % (kernel * kernel);
    const tap = Math.floor(entry / (kernel * kernel));
    const rows = along(Math.floor(tap / taps), Math.floor(k / kernel));
    return rows && along(tap % taps, k % kernel) ? 1 : 0;
  });
}
