/**
 * All scores of generated samples at once, from what a judge sees in them and in real images. Pure numbers: the same
 * features give the same scores to the last bit, in any runtime.
 */
import { classScores, type ClassScores } from './classes.ts';
import { fitGaussian, frechetDistance, type Gaussian } from './frechet.ts';
import { kernelDistance } from './kernel-distance.ts';
import {
  firstProjected,
  projectedRows,
  widestDirections,
  type Directions,
  type ProjectedRows,
} from './lower-bounds.ts';
import { manifoldScores, radiiOf, type ManifoldScores, type Radii } from './manifold.ts';
import { NEAREST_SAMPLES, nearestFloor, nearestScores, type NearestScores } from './nearest.ts';
import { firstRows, rowsOf, type Rows } from './products.ts';

/** Samples of either set whose manifolds are compared: the time grows with the square. */
export const MANIFOLD_SAMPLES = 5000;

/** What a judge sees in some images. */
export interface Judged {
  /** `[count, dimensions]`. */
  readonly features: Float32Array;
  /** `[count, classes]`, before the softmax. */
  readonly scores: Float32Array;
}

export interface QualityScores extends ManifoldScores, NearestScores, ClassScores {
  /** Fréchet distance to the test images. */
  readonly frechet: number;
  /** Kernel distance to the test images. */
  readonly kernelDistance: number;
  /** `nearestTraining / nearestTest`: far below the floor's where training images are copied. */
  readonly nearestRatio: number;
}

export interface RealOptions {
  /** Images that no training saw. */
  readonly test: Judged;
  /** Images that were trained on. */
  readonly training: Judged;
  readonly dimensions: number;
  readonly classes: number;
}

/** Real images to measure others against; what is needed of them alone is computed once. */
export class RealImages {
  readonly #test: ProjectedRows;
  readonly #training: ProjectedRows;
  readonly #dimensions: number;
  readonly #classes: number;
  readonly #trainingJudged: Judged;
  readonly #gaussian: Gaussian;
  readonly #directions: Directions;
  #radii: Radii | undefined;

  /** @throws RangeError if features are no whole rows or not finite. */
  constructor({ test, training, dimensions, classes }: RealOptions) {
    this.#gaussian = fitGaussian(test.features, dimensions);
    this.#directions = widestDirections(this.#gaussian);
    this.#test = projectedRows(rowsOf(test.features, dimensions), this.#directions);
    this.#training = projectedRows(rowsOf(training.features, dimensions), this.#directions);
    this.#trainingJudged = training;
    this.#dimensions = dimensions;
    this.#classes = classes;
  }

  /** @throws RangeError for fewer than six samples, or features of other dimensions. */
  scoresOf(generated: Judged): QualityScores {
    const samples = rowsOf(generated.features, this.#dimensions);
    const few = projectedRows(firstRows(samples, Math.max(MANIFOLD_SAMPLES, NEAREST_SAMPLES)), this.#directions);
    return this.#scores(generated, { samples, few }, nearestScores(few, this.#real()));
  }

  /**
   * The scores of real images: of the first `count` training images, and for the nearest neighbours those of test images.
   * Nothing that is generated is expected to be better.
   */
  floor(count: number): QualityScores {
    const { features, scores } = this.#trainingJudged;
    const judged: Judged = {
      features: features.subarray(0, count * this.#dimensions),
      scores: scores.subarray(0, count * this.#classes),
    };
    const few = firstProjected(this.#training, count);
    return this.#scores(judged, { samples: few.rows, few }, nearestFloor(this.#real()));
  }

  #real(): { readonly training: ProjectedRows; readonly test: ProjectedRows } {
    return { training: this.#training, test: this.#test };
  }

  /** @param few the first samples, as many at least as have manifolds. */
  #scores(
    judged: Judged,
    { samples, few }: { readonly samples: Rows; readonly few: ProjectedRows },
    nearest: NearestScores,
  ): QualityScores {
    const [real, generated] = [this.#test, few].map((rows) => firstProjected(rows, MANIFOLD_SAMPLES));
    this.#radii ??= radiiOf(real);
    return {
      frechet: frechetDistance(this.#gaussian, fitGaussian(judged.features, this.#dimensions)),
      kernelDistance: kernelDistance(this.#test.rows, samples),
      ...manifoldScores(real, generated, this.#radii),
      ...nearest,
      nearestRatio: nearest.nearestTest > 0 ? nearest.nearestTraining / nearest.nearestTest : 1,
      ...classScores(judged.scores, this.#classes),
    };
  }
}
