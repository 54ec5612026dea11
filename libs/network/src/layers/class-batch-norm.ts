/**
 * BatchNorm whose scale and shift are those of a sample's class (Dumoulin et al., "A Learned Representation for Artistic Style",
 * ICLR 2017, section 2.2; for classes Miyato and Koyama, "cGANs with Projection Discriminator", ICLR 2018). The statistics are
 * those of the whole batch.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { oneHot } from './class-labels.ts';
import type { Layer } from './layer.ts';
import { samplesFrom } from './layer.ts';

interface ClassBatchNormOptions {
  readonly classes: number;
  readonly epsilon: number;
}

/** gamma and beta are `[classes, C]`; y = gamma[label] * normalised x + beta[label]. */
export function classBatchNorm(
  name: string,
  inputShape: readonly number[],
  { classes, epsilon }: ClassBatchNormOptions,
): Layer {
  const channels = inputShape[inputShape.length - 1];
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((part) => `${name}/${part}`);
  const plain = () => ({ gamma: tf.ones<tf.Rank.R1>([channels]), beta: tf.zeros<tf.Rank.R1>([channels]) });
  /** `[N, C]`, beside images `[N, 1, 1, C]`. */
  const perSample = (rows: Tensor): Tensor =>
    tf.reshape(rows, [rows.shape[0], ...inputShape.slice(1).map(() => 1), channels]);
  return {
    outputShape: inputShape,
    parameters: [
      { name: gamma, shape: [classes, channels] },
      { name: beta, shape: [classes, channels] },
    ],
    statistics: [
      { name: mean, shape: [channels] },
      { name: variance, shape: [channels] },
    ],
    classes,
    gradientNeeds: 'x',
    forward(x, pass) {
      const { kernels, parameters, statistics } = pass;
      const hot = oneHot(name, pass, classes);
      const scale = perSample(kernels.matMul(hot, parameters[gamma] as Tensor2D));
      const shift = perSample(kernels.matMul(hot, parameters[beta] as Tensor2D));
      const affine = (normalized: Tensor) => tf.add(tf.mul(normalized, scale), shift);
      if (statistics) {
        const given = { mean: statistics[mean] as Tensor1D, variance: statistics[variance] as Tensor1D };
        return { y: affine(kernels.normalize(x, { ...plain(), ...given }, epsilon)), saved: [], statistics: {} };
      }
      const ones = plain();
      const batch = kernels.batchNorm(x, ones.gamma, ones.beta, epsilon);
      return {
        y: affine(batch.y),
        saved: [hot, scale, batch.y, ...batch.saved],
        statistics: { [mean]: batch.mean, [variance]: batch.variance },
      };
    },
    backward({ x, dy, saved, parameterGradients, inputFrom }, { kernels }) {
      const [hot, scale, normalized, ...batch] = saved;
      const places = dy.size / channels;
      /** Sums over batch and image, each class by itself. */
      const sums = (values: Tensor) =>
        kernels.matMul(labelsOfPlaces(hot as Tensor2D, places), tf.reshape(values, [places, channels]), true, false);
      const gradients = parameterGradients ? { [gamma]: sums(tf.mul(dy, normalized)), [beta]: sums(dy) } : {};
      if (inputFrom === undefined) return { gradients };
      const { dx } = kernels.batchNormGradient(tf.mul(dy, scale), x, plain().gamma, batch, epsilon);
      return { gradients, dx: samplesFrom(dx, inputFrom) };
    },
  };
}

/** `[N, classes]` to `[places, classes]`: the row of a sample for each of its pixels. */
function labelsOfPlaces(hot: Tensor2D, places: number): Tensor2D {
  const [samples, classes] = hot.shape;
  const pixels = places / samples;
  const repeated = tf.mul(tf.reshape(hot, [samples, 1, classes]), tf.ones([1, pixels, 1]));
  return tf.reshape(repeated, [places, classes]);
}
