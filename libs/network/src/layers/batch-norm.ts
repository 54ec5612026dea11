import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.ts';
import { samplesFrom } from './layer.ts';

/** Normalises each channel (the last axis) over batch and image, then scales by gamma and shifts by beta. */
export function batchNorm(name: string, inputShape: readonly number[], epsilon: number): Layer {
  const shape = inputShape.slice(-1);
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((part) => `${name}/${part}`);
  return {
    outputShape: inputShape,
    parameters: [
      { name: gamma, shape },
      { name: beta, shape },
    ],
    statistics: [
      { name: mean, shape },
      { name: variance, shape },
    ],
    gradientNeeds: 'x',
    forward(x, { kernels, parameters, statistics }) {
      const affine = { gamma: parameters[gamma] as Tensor1D, beta: parameters[beta] as Tensor1D };
      if (statistics) {
        const given = { mean: statistics[mean] as Tensor1D, variance: statistics[variance] as Tensor1D };
        return { y: kernels.normalize(x, { ...affine, ...given }, epsilon), saved: [], statistics: {} };
      }
      const batch = kernels.batchNorm(x, affine.gamma, affine.beta, epsilon);
      return {
        y: batch.y,
        saved: [...batch.saved],
        statistics: { [mean]: batch.mean, [variance]: batch.variance },
      };
    },
    backward({ x, saved, dy, parameterGradients, inputFrom }, { kernels, parameters }) {
      const gradient = kernels.batchNormGradient(dy, x, parameters[gamma] as Tensor1D, saved, epsilon);
      return {
        gradients: parameterGradients ? { [gamma]: gradient.gamma, [beta]: gradient.beta } : {},
        ...(inputFrom === undefined ? {} : { dx: samplesFrom(gradient.dx, inputFrom) }),
      };
    },
  };
}
