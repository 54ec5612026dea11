/** Convolutions whose operands need no preparation: the three kernels of a backend as one. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { ConvolutionShapes, Kernels, PreparedConvolution } from './kernels.ts';

/** The faster way of a set of kernels, or else its kernels on the operands as they are. */
export function convolutionOf(kernels: Kernels, shapes: ConvolutionShapes): PreparedConvolution {
  return kernels.preparedConvolution?.(shapes) ?? directConvolution(kernels, shapes);
}

function directConvolution(kernels: Kernels, shapes: ConvolutionShapes): PreparedConvolution {
  const [, height, width, channels] = shapes.input;
  const asIs = (operand: Tensor4D): Tensor => tf.clone(operand);
  return {
    input: asIs,
    filter: asIs,
    output: asIs,
    forward: (input, filter) => kernels.conv2d(input as Tensor4D, filter as Tensor4D, shapes),
    inputGradient: (output, filter) =>
      kernels.conv2dInputGradient(
        output as Tensor4D,
        filter as Tensor4D,
        [output.shape[0], height, width, channels],
        shapes,
      ),
    filterGradient: (input, output) =>
      kernels.conv2dFilterGradient(input as Tensor4D, output as Tensor4D, shapes.filter, shapes),
  };
}
