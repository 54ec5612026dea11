import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';
import { samplesFrom } from './layer.ts';

/** y = x W + b: `[N, in]` to `[N, units]`; W is `[in, units]`. */
export function dense(name: string, features: number, { units, bias }: { units: number; bias: boolean }): Layer {
  const kernelName = `${name}/kernel`;
  const biasName = `${name}/bias`;
  return {
    outputShape: [units],
    parameters: [{ name: kernelName, shape: [features, units] }, ...(bias ? [{ name: biasName, shape: [units] }] : [])],
    statistics: [],
    gradientNeeds: 'x',
    forward(x, { kernels, parameters }) {
      const product = kernels.matMul(x as Tensor2D, parameters[kernelName] as Tensor2D);
      const y = bias ? kernels.biasAdd(product, parameters[biasName] as Tensor1D) : product;
      return { y, saved: [], statistics: {} };
    },
    backward({ x, dy, parameterGradients, inputFrom }, { kernels, parameters }) {
      const gradients = parameterGradients
        ? {
            [kernelName]: kernels.matMul(x as Tensor2D, dy as Tensor2D, true, false),
            ...(bias ? { [biasName]: kernels.biasGradient(dy) } : {}),
          }
        : {};
      if (inputFrom === undefined) return { gradients };
      const rows = samplesFrom(dy as Tensor2D, inputFrom);
      return { gradients, dx: kernels.matMul(rows, parameters[kernelName] as Tensor2D, false, true) };
    },
  };
}
