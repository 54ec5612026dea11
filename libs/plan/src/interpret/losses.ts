/** Losses by their definition. */
import type { GanLossLaunch, SoftmaxLossLaunch } from '../launch.ts';
import type { Memory } from './memory.ts';

/** e^-40, below which a gradient may not be scaled up again. */
const SMALLEST_SHARE = Math.exp(-40);

export function ganLoss(launch: GanLossLaunch, memory: Memory): void {
  const { loss, samples: m, disturbed: q, penaltyWeight } = launch;
  const logits = memory.of(launch.logits);
  const seed = memory.of(launch.discriminator);
  const [own, ratio] = [launch.generator, launch.ratio].map((ref) => ref && memory.of(ref));
  const classes = loss === 'softmax' ? 2 : 1;
  const isPaired = loss === 'relativistic';
  const fakes = m + 2 * q;
  const weightG = 1 / m;
  const weightD = loss === 'softmax' ? 1 / (2 * m) : 1 / m;
  const margin = (row: number) => (classes === 2 ? logits[2 * row + 1] - logits[2 * row] : logits[row]);
  const put = (into: typeof seed, row: number, gradient: number) => {
    if (classes === 2) into[2 * row] = -gradient;
    into[classes * row + classes - 1] = gradient;
  };
  if (own) own.fill(0, 0, classes * (2 * m + 2 * q));
  const sums = { loss_g: 0, loss_d: 0, d_x: 0, d_g_z: 0, penalty: 0, extreme: 0 };
  const penalise = (row: number, beside: number): number => {
    const apart = margin(row) - margin(beside);
    const gradient = (2 * penaltyWeight * apart) / q;
    sums.penalty += (penaltyWeight * apart * apart) / q;
    put(seed, beside, -gradient);
    return gradient;
  };
  for (let i = 0; i < m; i++) {
    const real = isPaired ? margin(i) - margin(fakes + i) : margin(i);
    const fake = isPaired ? -real : margin(fakes + i);
    const [seedReal, seedFake] = [-weightD * logistic(-real), weightD * logistic(fake)];
    const seedG = -weightG * logistic(-fake);
    if (own) put(own, fakes + i, seedG);
    let atFake = seedFake;
    let factor = -(weightG / weightD) * Math.exp(-fake);
    let isExtreme = fake < -40;
    if (i < q) {
      put(seed, i, seedReal + penalise(i, m + i));
      atFake = Math.fround(seedFake + penalise(fakes + i, m + q + i));
      factor = seedG / atFake;
      isExtreme = Math.abs(atFake) < weightD * SMALLEST_SHARE;
    } else put(seed, i, seedReal);
    put(seed, fakes + i, atFake);
    if (ratio) ratio[i] = factor;
    if (isExtreme) sums.extreme = 1;
    sums.loss_g += weightG * softplus(-fake);
    sums.loss_d += weightD * (isPaired ? softplus(-real) : softplus(-real) + softplus(fake));
    sums.d_x += logistic(real) / m;
    sums.d_g_z += logistic(fake) / m;
  }
  sums.loss_d += sums.penalty;
  for (const [name, to] of Object.entries(launch.scalars)) memory.of(to)[0] = sums[name as keyof typeof sums];
}

export function softmaxLoss(launch: SoftmaxLossLaunch, memory: Memory): void {
  const { samples, classes, scalars } = launch;
  const [scores, labels, seed] = [launch.scores, launch.labels, launch.seed].map((ref) => memory.of(ref));
  const sums = { loss: 0, accuracy: 0 };
  for (let i = 0; i < samples; i++) {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    let best = 0;
    for (let k = 1; k < classes; k++) if (row[k] > row[best]) best = k;
    let total = 0;
    for (const value of row) total += Math.exp(value - row[best]);
    sums.loss += (Math.log(total) - (row[labels[i]] - row[best])) / samples;
    if (best === labels[i]) sums.accuracy += 1 / samples;
    for (let k = 0; k < classes; k++) {
      seed[i * classes + k] = (Math.exp(row[k] - row[best]) / total - (k === labels[i] ? 1 : 0)) / samples;
    }
  }
  for (const [name, to] of Object.entries(scalars)) memory.of(to)[0] = sums[name as keyof typeof sums];
}

function logistic(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z));
  const e = Math.exp(z);
  return e / (1 + e);
}

/** log(1 + e^z) without overflow. */
function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}
