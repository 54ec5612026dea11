/** What can go wrong with a training, as a task says it: conditions on numbers that are known by their names, and words for people. */

/** A number that is past a bound. */
export interface Sign {
  /**
   * Its name: a shown scalar's, a group's `gradient_norm_…`, a score's as metrics.jsonl has it, or one of a sample grid:
   *
   * - `sample_spread`: how much its samples differ, 0 to 0.5;
   * - `sample_entropy`: of the shares of the classes that a judge reads in them, in nats;
   * - `sample_confidence`: how surely it reads them, 0 to 1;
   * - `images`: training images that the model had seen.
   *
   * A judge reads grids of MNIST's runs only, and only where a sign is `sample_entropy`, once all else that `where` says of `images`
   * lets it count.
   */
  readonly of: string;
  readonly is: 'above' | 'below';
  /** Past it is trouble; the sign is gone only behind `clear`. */
  readonly bound: number;
  readonly clear: number;
  /** The bounds are shares of the largest value so far, once that has reached this; without it they are values themselves. */
  readonly ofPeakFrom?: number;
}

/** A number that has to be past a bound for others to say something. */
export type Premise = Pick<Sign, 'of' | 'is' | 'bound'>;

/** Signs that are there together. */
export interface Condition {
  readonly signs: readonly Sign[];
  /** An observation of which one of these does not hold is as if it had not been made: a warm-up, or a number that means nothing then. */
  readonly where?: readonly Premise[];
  /** Observations in a row that make the trouble, and that end it: steps, grids or evaluations, whatever brings the numbers. */
  readonly observations: number;
  /** Half-life, in observations, of the moving average that is looked at; without it the numbers are looked at as they are. */
  readonly halfLife?: number;
}

export interface Trouble {
  /** Kebab-case; a label of Prometheus and the name of its entry in the documents. */
  readonly name: string;
  /** What is wrong, without a full stop. */
  readonly sentence: string;
  /** What to try, without a full stop. */
  readonly advice: string;
  /** Any of them is the trouble. */
  readonly conditions: readonly Condition[];
}
