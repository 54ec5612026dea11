/** Whether samples lie nearer to the images that were trained on than to others of the same kind: whether a model copies. */
import { eachLowerBounds, firstProjected, squaredDistance, type ProjectedRows } from './lower-bounds.ts';

/** Samples whose nearest neighbours are looked for. */
export const NEAREST_SAMPLES = 1000;

/** Real images, projected alike. */
interface RealRows {
  readonly training: ProjectedRows;
  readonly test: ProjectedRows;
}

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
export function nearestScores(samples: ProjectedRows, { training, test }: RealRows): NearestScores {
  const few = firstProjected(samples, NEAREST_SAMPLES);
  return { nearestTraining: meanDistance(few, training), nearestTest: meanDistance(few, test) };
}

/** The same of test images, each of which is no neighbour of its own: what a model has that copies nothing. */
export function nearestFloor({ training, test }: RealRows): NearestScores {
  const few = firstProjected(test, NEAREST_SAMPLES);
  return { nearestTraining: meanDistance(few, training), nearestTest: meanDistance(few, test, true) };
}

/** @param areTheFirst whether the samples are the first rows of the set, too. */
function meanDistance(samples: ProjectedRows, set: ProjectedRows, areTheFirst = false): number {
  const [a, b] = [samples.rows, set.rows];
  if (b.count < 2) throw new RangeError('a nearest neighbour needs two images to choose from');
  let sum = 0;
  eachLowerBounds({ a: samples, b: set }, (row, bounds) => {
    if (areTheFirst) bounds[row] = Infinity;
    // Beginning with the most promising one leaves few others open.
    const promising = smallestOf(bounds);
    let smallest = squaredDistance(a, row, { b, column: promising });
    for (let column = 0; column < bounds.length; column++) {
      if (bounds[column] >= smallest || column === promising) continue;
      smallest = Math.min(smallest, squaredDistance(a, row, { b, column }));
    }
    sum += Math.sqrt(Math.max(0, smallest));
  });
  return sum / a.count;
}

function smallestOf(numbers: Float64Array): number {
  let place = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] < numbers[place]) place = i;
  return place;
}
