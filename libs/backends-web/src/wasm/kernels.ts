/** The kernels of a gradient on the `wasm` backend: its own where they are fast, loops over its memory elsewhere. */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedAttrMap, NamedTensorMap, Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Kernels } from '@gradcast/network';
import { fourierConvolutions, type Products } from '@gradcast/engine';
import { batchNorm, batchNormGradient, normalize } from './batch-norm.ts';
import {
  avgPoolGradient,
  biasGradient,
  leakyReluGradient,
  reluGradient,
  sigmoidGradient,
  tanhGradient,
} from './elementwise.ts';
import { resize, resizeGradient } from './resize.ts';

function run(name: string, inputs: NamedTensorMap, attrs: NamedAttrMap = {}): Tensor {
  return tf.engine().runKernel(name, inputs, attrs);
}

const products: Products = {
  matMul: (a, b, transposeA = false, transposeB = false) =>
    run('BatchMatMul', { a, b }, { transposeA, transposeB }) as Tensor2D,
  batchMatMul: (a, b, transposeA, transposeB) => run('BatchMatMul', { a, b }, { transposeA, transposeB }) as Tensor3D,
};

/** Only while the `wasm` backend is current and its training kernels are registered. */
export const wasmKernels: Kernels = {
  matMul: products.matMul,
  conv2d: (x, filter, { stride, padding }) =>
    run(
      'Conv2D',
      { x, filter },
      {
        strides: [stride, stride],
        pad: padding,
        dataFormat: 'NHWC',
        dilations: [1, 1],
      },
    ) as Tensor4D,
  conv2dInputGradient: (dy, filter, inputShape, { stride, padding }) =>
    run(
      'Conv2DBackpropInput',
      { dy, filter },
      {
        strides: [stride, stride],
        pad: padding,
        dataFormat: 'NHWC',
        inputShape,
      },
    ) as Tensor4D,
  conv2dFilterGradient: (x, dy, filterShape, { stride, padding }) =>
    run(
      'Conv2DBackpropFilter',
      { x, dy },
      {
        strides: [stride, stride],
        pad: padding,
        dataFormat: 'NHWC',
        filterShape,
      },
    ) as Tensor4D,
  preparedConvolution: fourierConvolutions(products),
  // Broadcast in SIMD; one rounded sum an element, as the loop would have.
  biasAdd: (x, bias) => run('Add', { a: x, b: bias }),
  biasGradient,
  leakyRelu: (x, slope) => run('LeakyRelu', { x }, { alpha: slope }),
  leakyReluGradient,
  relu: (x) => run('Relu', { x }),
  reluGradient,
  tanh: (x) => run('Tanh', { x }),
  tanhGradient,
  sigmoid: (x) => run('Sigmoid', { x }),
  sigmoidGradient,
  avgPool: (x, size) =>
    run('AvgPool', { x }, { filterSize: [size, size], strides: [size, size], pad: 'valid' }) as Tensor4D,
  avgPoolGradient,
  resize,
  resizeGradient,
  batchNorm,
  batchNormGradient,
  normalize,
};
