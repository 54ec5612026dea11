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
 *
 * `relativistic` compares the i-th image with the i-th fake (Jolicoeur-Martineau, 2019; paired: Huang et al., "The GAN is dead;
 * long live the GAN!", NeurIPS 2024): with z = D(x_i) - D(g_i)
 *
 *     L_D = (1 / m) sum of log(1 + e^-z),   L_G = (1 / m) sum of log(1 + e^z)
 *
 * and the ratio is -e^z. It is e^-t of the fake's own margin t = -z, so all that is said of a fake margin holds for t.
 *
 * The penalty on the gradient of D at real images (R1; Mescheder et al., 2018) and at fakes (R2), to first order and without a
 * second derivative: as E_e (D(x + s e) - D(x))^2 = s^2 |grad D(x)|^2 + O(s^4) for standard normal e,
 *
 *     P = w (1 / q) sum over q samples of (D(x_i) - D(x_i + s e_i))^2, once for real images and once for fakes,
 *
 * is gamma / 2 times their sum with w = gamma / (2 s^2). Only the discriminator's loss has it, so at a fake that is penalised the
 * ratio is the quotient of both seeds, the divisor as it was rounded to f32.
 */
import { exp, log1p } from '@gradcast/random';
import type { Preset } from './presets.ts';

/**
 * Below this margin dL_D/dz has lost too many of f32's exponents: devices flush denormals, so by the time it reached the
 * image nothing might be left to scale up again.
 */
export const LOWEST_MARGIN = -40;
/** The same of a seed that a penalty is part of, e^-40, as a share of a sample's weight. */
const SMALLEST_SHARE = exp(LOWEST_MARGIN);

export interface GanLoss {
  /** Gradient of the discriminator's loss by all logits, penalty included. */
  readonly discriminatorSeed: Float32Array;
  /** Gradient of the generator's loss by the same logits; zero but for the fake samples. */
  readonly generatorSeed: Float32Array;
  /** dL_G/dz divided by dL_D/dz for each fake sample, `[m]`. */
  readonly ratio: Float32Array;
  /** Whether a fake margin lies below {@link LOWEST_MARGIN}, or a seed is as small, so that the ratio must not be used. */
  readonly extreme: boolean;
  readonly lossG: number;
  /** The penalty included. */
  readonly lossD: number;
  /** The penalty alone; 0 without one. */
  readonly penalty: number;
  /** Mean probability of "real" that the discriminator gives to real samples; of a pair, that the real one is the more real. */
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

/** What the first-order penalty adds to the discriminator's loss; see {@link Penalty}. */
export interface PenaltyTerms {
  /** Samples that are disturbed, q, real and fake alike. */
  readonly samples: number;
  readonly weight: number;
}

/**
 * Losses and seeds of one micro-batch.
 *
 * @param logits of [real; disturbed real; disturbed fake; fake], `[2m + 2q, k]`, with k = 1 (`sigmoid`, `relativistic`) or 2
 *   (`softmax`, fake then real); without a penalty q is 0.
 */
export function ganLoss(kind: Preset['loss'], logits: Float32Array, penalty?: PenaltyTerms): GanLoss {
  const classes = kind === 'softmax' ? 2 : 1;
  const rows = logits.length / classes;
  const { samples: q, weight: penaltyWeight } = penalty ?? { samples: 0, weight: 0 };
  const m = rows / 2 - q;
  const fakes = rows - m;
  const weightG = 1 / m;
  const weightD = kind === 'softmax' ? 1 / (2 * m) : 1 / m;
  const isPaired = kind === 'relativistic';
  const margin = (row: number) => (classes === 2 ? logits[2 * row + 1] - logits[2 * row] : logits[row]);
  const put = (seed: Float32Array, row: number, gradient: number) => {
    if (classes === 2) seed[2 * row] = -gradient;
    seed[classes * row + classes - 1] = gradient;
  };
  const discriminatorSeed = new Float32Array(logits.length);
  const generatorSeed = new Float32Array(logits.length);
  const ratio = new Float32Array(m);
  let [lossG, lossD, dX, dGZ, penalised] = [0, 0, 0, 0, 0];
  let extreme = false;
  /** The penalty on the row of a sample and on that of the same disturbed. @returns what it adds at the former. */
  const penalise = (row: number, disturbed: number): number => {
    const difference = margin(row) - margin(disturbed);
    const gradient = (2 * penaltyWeight * difference) / q;
    penalised += (penaltyWeight * difference * difference) / q;
    put(discriminatorSeed, disturbed, -gradient);
    return gradient;
  };
  for (let i = 0; i < m; i++) {
    // How much more real than what it is compared with: nothing, or the other of its pair.
    const real = isPaired ? margin(i) - margin(fakes + i) : margin(i);
    const fake = isPaired ? -real : margin(fakes + i);
    const seedReal = -weightD * logistic(-real);
    const seedFake = weightD * logistic(fake);
    const seedG = -weightG * logistic(-fake);
    put(generatorSeed, fakes + i, seedG);
    if (i < q) {
      put(discriminatorSeed, i, seedReal + penalise(i, m + i));
      const both = Math.fround(seedFake + penalise(fakes + i, m + q + i));
      put(discriminatorSeed, fakes + i, both);
      ratio[i] = seedG / both;
      extreme ||= Math.abs(both) < weightD * SMALLEST_SHARE;
    } else {
      put(discriminatorSeed, i, seedReal);
      put(discriminatorSeed, fakes + i, seedFake);
      ratio[i] = -(weightG / weightD) * exp(-fake);
      extreme ||= fake < LOWEST_MARGIN;
    }
    lossG += weightG * softplus(-fake);
    // The two halves of a pair share one term.
    lossD += weightD * (isPaired ? softplus(-real) : softplus(-real) + softplus(fake));
    dX += logistic(real) / m;
    dGZ += logistic(fake) / m;
  }
  return {
    discriminatorSeed,
    generatorSeed,
    ratio,
    extreme,
    lossG,
    lossD: lossD + penalised,
    penalty: penalised,
    dX,
    dGZ,
  };
}
