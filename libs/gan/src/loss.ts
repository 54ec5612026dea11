/**
 * Both losses of a GAN and their gradients by the logits, from the logits of [real; fake].
 *
 * They are m numbers, computed here rather than on the device: in double precision with the same bits on every engine,
 * then rounded to f32. All follows from the margin z of a sample, the log-odds of "real": the logit itself, or the second
 * logit minus the first. With s the logistic function,
 *
 *     L_D = w_D (sum over real of log(1 + e^-z) + sum over fake of log(1 + e^z)),   L_G = w_G sum over fake of log(1 + e^-z)
 *
 * so that dL_D/dz = w_D s(z) and dL_G/dz = -w_G s(-z) at a fake sample, and their ratio is -(w_G / w_D) e^-z (Shen et al.,
 * "Training Generative Adversarial Networks in One Stage", CVPR 2021).
 */
import { exp, log1p } from '@gradcast/random';
import type { Preset } from './presets.ts';

/**
 * Below this margin dL_D/dz has lost too many of f32's exponents: devices flush denormals, so by the time it reached the
 * image nothing might be left to scale up again.
 */
export const LOWEST_MARGIN = -40;

export interface GanLoss {
  /** Gradient of the discriminator's loss by the logits of [real; fake], `[2m, k]`. */
  readonly discriminatorSeed: Float32Array;
  /** Gradient of the generator's loss by the same logits, `[2m, k]`; zero for real samples. */
  readonly generatorSeed: Float32Array;
  /** dL_G/dz divided by dL_D/dz for each fake sample, `[m]`. */
  readonly ratio: Float32Array;
  /** Whether a fake margin lies below {@link LOWEST_MARGIN}, so that the ratio must not be used. */
  readonly extreme: boolean;
  readonly lossG: number;
  readonly lossD: number;
  /** Mean probability of "real" that the discriminator gives to real samples. */
  readonly dX: number;
  /** The same for fake samples. */
  readonly dGZ: number;
}

function logistic(z: number): number {
  if (z >= 0) return 1 / (1 + exp(-z));
  const e = exp(z);
  return e / (1 + e);
}

/** log(1 + e^z) without overflow. */
function softplus(z: number): number {
  return Math.max(z, 0) + log1p(exp(-Math.abs(z)));
}

/**
 * Losses and seeds of one micro-batch.
 *
 * @param logits of [real; fake], `[2m, 1]` (`sigmoid`) or `[2m, 2]` (`softmax`, fake then real).
 */
export function ganLoss(kind: Preset['loss'], logits: Float32Array): GanLoss {
  const classes = kind === 'softmax' ? 2 : 1;
  const m = logits.length / classes / 2;
  const weightG = 1 / m;
  const weightD = kind === 'softmax' ? 1 / (2 * m) : 1 / m;
  const margin = (row: number) => (classes === 2 ? logits[2 * row + 1] - logits[2 * row] : logits[row]);
  const put = (seed: Float32Array, row: number, gradient: number) => {
    if (classes === 2) seed[2 * row] = -gradient;
    seed[classes * row + classes - 1] = gradient;
  };
  const discriminatorSeed = new Float32Array(logits.length);
  const generatorSeed = new Float32Array(logits.length);
  const ratio = new Float32Array(m);
  let [lossG, lossD, dX, dGZ] = [0, 0, 0, 0];
  let extreme = false;
  for (let i = 0; i < m; i++) {
    const real = margin(i);
    const fake = margin(m + i);
    put(discriminatorSeed, i, -weightD * logistic(-real));
    put(discriminatorSeed, m + i, weightD * logistic(fake));
    put(generatorSeed, m + i, -weightG * logistic(-fake));
    ratio[i] = -(weightG / weightD) * exp(-fake);
    extreme ||= fake < LOWEST_MARGIN;
    lossG += weightG * softplus(-fake);
    lossD += weightD * (softplus(-real) + softplus(fake));
    dX += logistic(real) / m;
    dGZ += logistic(fake) / m;
  }
  return { discriminatorSeed, generatorSeed, ratio, extreme, lossG, lossD, dX, dGZ };
}
