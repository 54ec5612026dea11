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
import { eachLowerBounds, squaredDistance, type ProjectedRows } from './lower-bounds.ts';
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
export function radiiOf(projected: ProjectedRows): Radii {
  const { rows } = projected;
  const { count } = rows;
  if (count <= DENSITY_NEIGHBOUR) {
    throw new RangeError(`${count} samples have no manifold: it needs more than ${DENSITY_NEIGHBOUR}`);
  }
  const smallest = new SmallestDistances(count, DENSITY_NEIGHBOUR);
  eachLowerBounds({ a: projected, b: projected, upper: true }, (row, bounds) => {
    for (let other = row + 1; other < count; other++) {
      if (!smallest.wants(row, bounds[other]) && !smallest.wants(other, bounds[other])) continue;
      const distance = squaredDistance(rows, row, { b: rows, column: other });
      smallest.offer(row, distance);
      smallest.offer(other, distance);
    }
  });
  return { precision: smallest.nth(PRECISION_NEIGHBOUR), density: smallest.nth(DENSITY_NEIGHBOUR) };
}

/**
 * @param real projected as the generated samples are.
 * @throws RangeError if a set has fewer than six samples, or the sets differ in dimensions.
 */
export function manifoldScores(
  real: ProjectedRows,
  generated: ProjectedRows,
  realRadii: Radii = radiiOf(real),
): ManifoldScores {
  const [a, b] = [real.rows, generated.rows];
  const generatedRadii = radiiOf(generated).precision;
  const seenReal = new Uint8Array(b.count);
  const covered = { bySamples: 0, inBalls: 0, byGenerated: 0 };
  eachLowerBounds({ a: real, b: generated }, (row, bounds) => {
    const ball = realRadii.precision[row];
    // The fifth neighbour is no nearer than the third.
    const wideBall = realRadii.density[row];
    let inside = 0;
    let isReached = 0;
    for (let other = 0; other < bounds.length; other++) {
      if (bounds[other] > wideBall && bounds[other] > generatedRadii[other]) continue;
      const distance = squaredDistance(a, row, { b, column: other });
      if (distance <= ball) seenReal[other] = 1;
      if (distance <= wideBall) inside += 1;
      if (distance <= generatedRadii[other]) isReached = 1;
    }
    covered.bySamples += inside;
    covered.inBalls += Number(inside > 0);
    covered.byGenerated += isReached;
  });
  return {
    precision: seenReal.reduce((sum, seen) => sum + seen, 0) / b.count,
    recall: covered.byGenerated / a.count,
    density: covered.bySamples / (DENSITY_NEIGHBOUR * b.count),
    coverage: covered.inBalls / a.count,
  };
}
