/** Whether samples lie nearer to the images that were trained on than to others of the same kind: whether a model copies. */
import { eachProducts, firstRows, type Rows } from './products.ts';

/** Samples whose nearest neighbours are looked for. */
export const NEAREST_SAMPLES = 1000;

export interface NearestScores {
  /** Mean distance in the space of features to the nearest training image. */
  readonly nearestTraining: number;
  /** The same to the nearest test image. */
  readonly nearestTest: number;
}

/**
 * Mean distance of the first {@link NEAREST_SAMPLES} samples to their nearest neighbours in both sets. The training set being
 * larger its images are somewhat nearer; how much is what {@link nearestFloor} says.
 *
 * @throws RangeError if the rows differ in dimensions.
 */
export function nearestScores(samples: Rows, { training, test }: { training: Rows; test: Rows }): NearestScores {
  const few = firstRows(samples, NEAREST_SAMPLES);
  return { nearestTraining: meanDistance(few, training), nearestTest: meanDistance(few, test) };
}

/** The same of test images, each of which is no neighbour of its own: what a model has that copies nothing. */
export function nearestFloor({ training, test }: { training: Rows; test: Rows }): NearestScores {
  const few = firstRows(test, NEAREST_SAMPLES);
  return { nearestTraining: meanDistance(few, training), nearestTest: meanDistance(few, test, true) };
}

/** @param areTheFirst whether the samples are the first rows of the set, too. */
function meanDistance(samples: Rows, set: Rows, areTheFirst = false): number {
  if (set.count < 2) throw new RangeError('a nearest neighbour needs two images to choose from');
  let sum = 0;
  eachProducts({ a: samples, b: set }, (row, products) => {
    const own = areTheFirst ? row : -1;
    let smallest = Infinity;
    for (let other = 0; other < products.length; other++) {
      const distance = samples.squaredLengths[row] + set.squaredLengths[other] - 2 * products[other];
      if (distance < smallest && other !== own) smallest = distance;
    }
    sum += Math.sqrt(Math.max(0, smallest));
  });
  return sum / samples.count;
}
