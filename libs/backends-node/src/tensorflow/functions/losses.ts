/**
 * Losses and their gradients as TensorFlow ops: the formulas of `libs/gan/src/loss.ts` and `libs/network/src/losses.ts`, which
 * the host computes elsewhere, in the same double precision and rounded to single where these are. Sums over a batch are taken
 * in another order.
 */
import type { GanLossNode } from '@gradcast/network';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorMetadata } from '../binding.ts';
import type { Doubles } from './doubles.ts';
import { TYPE } from './raw-ops.ts';

/** The results of a node by the names of their parts. */
export type Parts = Readonly<Record<string, Tensor>>;

/** Below it the ratio of the two losses' gradients is not used; see `LOWEST_MARGIN` in libs/gan. */
const LOWEST_MARGIN = -40;

/**
 * Parts `discriminator`, `generator`, `ratio` (`[m, 1, 1, 1]`), `loss_g`, `loss_d`, `d_x`, `d_g_z`, `penalty` and `extreme`,
 * which is 1 where the ratio must not be used and else 0.
 *
 * @param logits of [real; disturbed real; disturbed fake; fake], `[2m + 2q, k]`.
 */
export function ganLoss(d: Doubles, logits: Tensor, { loss, samples: m, penalty }: GanLossNode): Parts {
  const [rows, classes] = logits.shape;
  const q = penalty?.samples ?? 0;
  const fakes = m + 2 * q;
  const weightG = 1 / m;
  const weightD = loss === 'softmax' ? 1 / (2 * m) : 1 / m;
  const isPaired = loss === 'relativistic';
  const margins = marginsOf(d, logits);
  const rowsOf = (x: TensorMetadata, from: number, count: number) => d.raw.slice(x, [from], [count]);
  const real = isPaired ? d.subtract(rowsOf(margins, 0, m), rowsOf(margins, fakes, m)) : rowsOf(margins, 0, m);
  const fake = isPaired ? d.negate(real) : rowsOf(margins, fakes, m);
  const seedReal = d.multiply(d.logistic(d.negate(real)), -weightD);
  const seedFake = d.multiply(d.logistic(fake), weightD);
  const seedG = d.multiply(d.logistic(d.negate(fake)), -weightG);
  const plain = d.multiply(d.exp(d.negate(fake)), -(weightG / weightD));
  const below = d.less(fake, LOWEST_MARGIN);

  let [seeds, ratio, extreme] = [[seedReal, seedFake], plain, below];
  let penalised: TensorMetadata | undefined;
  if (penalty) {
    const [atReal, atFake] = [0, fakes].map((from, place) => {
      const beside = rowsOf(margins, m + place * q, q);
      const difference = d.subtract(rowsOf(margins, from, q), beside);
      const square = d.multiply(d.multiply(difference, penalty.weight), difference);
      return {
        gradient: d.divide(d.multiply(difference, 2 * penalty.weight), q),
        term: d.divide(square, q),
      };
    });
    penalised = d.sum(d.add(atReal.term, atFake.term));
    const both = d.round(d.add(rowsOf(seedFake, 0, q), atFake.gradient));
    const rest = (x: TensorMetadata) => (q < m ? [rowsOf(x, q, m - q)] : []);
    seeds = [
      d.add(rowsOf(seedReal, 0, q), atReal.gradient),
      ...rest(seedReal),
      d.negate(atReal.gradient),
      d.negate(atFake.gradient),
      both,
      ...rest(seedFake),
    ];
    ratio = d.raw.concat([d.divide(rowsOf(seedG, 0, q), both), ...rest(plain)]);
    const tiny = d.less(d.abs(both), weightD * Math.exp(LOWEST_MARGIN));
    extreme = d.raw.concat([tiny, ...rest(below)]);
  }

  const lossG = d.sum(d.multiply(d.softplus(d.negate(fake)), weightG));
  const ofReal = d.softplus(d.negate(real));
  const terms = isPaired ? ofReal : d.add(ofReal, d.softplus(fake));
  const lossD = d.sum(d.multiply(terms, weightD));
  const raised = d.raw.cast(extreme, TYPE.double);
  return {
    discriminator: seedOf(d, d.raw.concat(seeds), [rows, classes]),
    generator: seedOf(d, d.raw.concat([zeros(d, rows - m), seedG]), [rows, classes]),
    ratio: d.toFloat(ratio, [m, 1, 1, 1]),
    loss_g: d.toFloat(lossG, [1]),
    loss_d: d.toFloat(penalised ? d.add(lossD, penalised) : lossD, [1]),
    d_x: d.toFloat(d.sum(d.divide(d.logistic(real), m)), [1]),
    d_g_z: d.toFloat(d.sum(d.divide(d.logistic(fake), m)), [1]),
    ...(penalised && { penalty: d.toFloat(penalised, [1]) }),
    extreme: d.toFloat(d.max(raised), [1]),
  };
}

/** Parts `seed`, `loss` and `accuracy` of softmax cross-entropy. */
export function softmaxLoss(d: Doubles, scores: Tensor, labels: Tensor): Parts {
  const [samples, classes] = scores.shape;
  const values = d.fromFloat(scores);
  const places = d.raw.cast(
    d.raw.constant(
      [1, classes],
      TYPE.float,
      Float32Array.from({ length: classes }, (_, k) => k),
    ),
    TYPE.double,
  );
  const wanted = d.raw.reshape(d.fromFloat(labels), [samples, 1]);
  const isLabel = d.equal(places, wanted);
  const apart = d.subtract(values, d.max(values, 1, true));
  const powers = d.exp(apart);
  const sum = d.sum(powers, 1, true);
  const atLabel = d.sum(d.select(isLabel, apart, 0), 1, true);
  const losses = d.divide(d.subtract(d.log(sum), atLabel), samples);
  const seed = d.divide(d.subtract(d.divide(powers, sum), d.select(isLabel, 1, 0)), samples);
  // The first of the largest scores: the one of the least place, and no class has the place `classes`.
  const first = d.negate(d.max(d.negate(d.select(d.less(apart, 0), classes, places)), 1, true));
  const right = d.select(d.equal(first, wanted), 1, 0);
  return {
    seed: d.toFloat(seed, [samples, classes]),
    loss: d.toFloat(d.sum(losses), [1]),
    accuracy: d.toFloat(d.divide(d.sum(right), samples), [1]),
  };
}

/** Sum over samples of the Euclidean norm of each, `[1]`. */
export function sumOfNorms(d: Doubles, x: Tensor): Tensor {
  const [samples] = x.shape;
  const values = d.raw.reshape(d.fromFloat(x), [samples, x.size / samples]);
  return d.toFloat(d.sum(d.sqrt(d.sum(d.multiply(values, values), 1))), [1]);
}

/** The log-odds of "real": the logit itself, or the second less the first. */
function marginsOf(d: Doubles, logits: Tensor): TensorMetadata {
  const [rows, classes] = logits.shape;
  const values = d.fromFloat(logits);
  if (classes === 1) return d.raw.reshape(values, [rows]);
  const [first, second] = [0, 1].map((column) => d.raw.slice(values, [0, column], [rows, 1]));
  return d.raw.reshape(d.subtract(second, first), [rows]);
}

/** Gradients by margins as gradients by logits. */
function seedOf(d: Doubles, gradients: TensorMetadata, [rows, classes]: readonly [number, number]): Tensor {
  if (classes === 1) return d.toFloat(gradients, [rows, 1]);
  const column = d.raw.reshape(gradients, [rows, 1]);
  return d.toFloat(d.raw.concat([d.negate(column), column], 1), [rows, 2]);
}

function zeros(d: Doubles, count: number): TensorMetadata {
  return d.raw.cast(d.raw.constant([count], TYPE.float, new Float32Array(count)), TYPE.double);
}
