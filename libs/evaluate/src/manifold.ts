/**
 * How two sets of features overlap, each set's manifold being the union of balls around its samples that reach to the k-th
 * nearest other sample of the set.
 *
 * Precision and recall: share of generated samples within the real manifold, and of real ones within the generated
 * (Kynkäänniemi, Karras, Laine, Lehtinen and Aila, "Improved Precision and Recall Metric for Assessing Generative Models",
 * NeurIPS 2019; k = 3). Density and coverage: in how many real balls a generated sample lies, divided by k, and the share of
 * real balls that hold any (Naeem, Oh, Uh, Choi and Yoo, "Reliable Fidelity and Diversity Metrics for Generative Models",
 * ICML 2020; k = 5).
 */
import { eachProducts, type Rows } from './products.ts';
import { SmallestDistances } from './smallest.ts';

/** The neighbour that a ball of precision and recall reaches to. */
export const PRECISION_NEIGHBOUR = 3;
/** The neighbour that a ball of density and coverage reaches to. */
export const DENSITY_NEIGHBOUR = 5;

export interface ManifoldScores {
  /** 0 to 1: how many generated samples look real. */
  readonly precision: number;
  /** 0 to 1: how much of what is real is generated. */
  readonly recall: number;
  /** From 0; 1 for samples of the real distribution, more where they crowd where many real ones are. */
  readonly density: number;
  /** 0 to 1: how many real samples have a generated one nearby. */
  readonly coverage: number;
}

/** Squared radii of the balls of a set, `[count]` each. */
export interface Radii {
  readonly precision: Float64Array;
  readonly density: Float64Array;
}

/**
 * The squared distances of each sample to its third and fifth nearest other.
 *
 * @throws RangeError for fewer than six samples.
 */
export function radiiOf(rows: Rows): Radii {
  const { count, squaredLengths } = rows;
  if (count <= DENSITY_NEIGHBOUR) {
    throw new RangeError(`${count} samples have no manifold: it needs more than ${DENSITY_NEIGHBOUR}`);
  }
  const smallest = new SmallestDistances(count, DENSITY_NEIGHBOUR);
  eachProducts({ a: rows, b: rows, upper: true }, (row, products) => {
    for (let other = row + 1; other < count; other++) {
      const distance = squaredLengths[row] + squaredLengths[other] - 2 * products[other];
      smallest.offer(row, distance);
      smallest.offer(other, distance);
    }
  });
  return { precision: smallest.nth(PRECISION_NEIGHBOUR), density: smallest.nth(DENSITY_NEIGHBOUR) };
}

/** @throws RangeError if a set has fewer than six samples, or the sets differ in dimensions. */
export function manifoldScores(real: Rows, generated: Rows, realRadii: Radii = radiiOf(real)): ManifoldScores {
  const generatedRadii = radiiOf(generated).precision;
  const seenReal = new Uint8Array(generated.count);
  const covered = { bySamples: 0, inBalls: 0, byGenerated: 0 };
  eachProducts({ a: real, b: generated }, (row, products) => {
    const ball = realRadii.precision[row];
    const wideBall = realRadii.density[row];
    let inside = 0;
    let isReached = 0;
    for (let other = 0; other < products.length; other++) {
      const distance = real.squaredLengths[row] + generated.squaredLengths[other] - 2 * products[other];
      if (distance <= ball) seenReal[other] = 1;
      if (distance <= wideBall) inside += 1;
      if (distance <= generatedRadii[other]) isReached = 1;
    }
    covered.bySamples += inside;
    covered.inBalls += Number(inside > 0);
    covered.byGenerated += isReached;
  });
  return {
    precision: seenReal.reduce((sum, seen) => sum + seen, 0) / generated.count,
    recall: covered.byGenerated / real.count,
    density: covered.bySamples / (DENSITY_NEIGHBOUR * generated.count),
    coverage: covered.inBalls / real.count,
  };
}
