/**
 * The last layer of a discriminator that is told the class: a dense unit, and the product of its input with an embedding of
 * the label (Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018, equation 4).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { oneHot } from './class-labels.ts';
import type { Layer } from './layer.ts';
import { samplesFrom } from './layer.ts';

/** y = x w + b + <x, embedding[label]>: `[N, in]` to `[N, 1]`; w is `[in, 1]`, the embedding `[classes, in]`. */
export function projection(name: string, features: number, classes: number): Layer {
  const [kernel, bias, embedding] = ['kernel', 'bias', 'embedding'].map((part) => `${name}/${part}`);
  return {
    outputShape: [1],
    parameters: [
      { name: kernel, shape: [features, 1] },
      { name: embedding, shape: [classes, features] },
      { name: bias, shape: [1] },
    ],
    statistics: [],
    classes,
    gradientNeeds: 'x',
    forward(x, pass) {
      const { kernels, parameters } = pass;
      const hot = oneHot(name, pass, classes);
      const product = kernels.matMul(x as Tensor2D, parameters[kernel] as Tensor2D);
      const unconditional = kernels.biasAdd(product, parameters[bias] as Tensor1D);
      // With every class, of which one is taken: a matrix product is faster than a sum for each sample, and as exact.
      const every = kernels.matMul(x as Tensor2D, parameters[embedding] as Tensor2D, false, true);
      const own = tf.sum(tf.mul(every, hot), 1, true);
      return { y: tf.add(unconditional, own), saved: [hot], statistics: {} };
    },
    backward({ x, dy, saved, parameterGradients, inputFrom }, { kernels, parameters }) {
      const seed = dy as Tensor2D;
      const byClass = tf.mul<Tensor2D>(saved[0], seed);
      const gradients = parameterGradients
        ? {
            [kernel]: kernels.matMul(x as Tensor2D, seed, true, false),
            [bias]: kernels.biasGradient(seed),
            [embedding]: kernels.matMul(byClass, x as Tensor2D, true, false),
          }
        : {};
      if (inputFrom === undefined) return { gradients };
      const unconditional = kernels.matMul(samplesFrom(seed, inputFrom), parameters[kernel] as Tensor2D, false, true);
      const own = kernels.matMul(samplesFrom(byClass, inputFrom), parameters[embedding] as Tensor2D);
      return { gradients, dx: tf.add(unconditional, own) };
    },
  };
}
