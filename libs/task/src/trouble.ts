/** What can go wrong with a training, as a task says it: conditions on numbers that are known by their names, and words for people. */

/** A number that is past a bound. */
export interface Sign {
  /**
   * Its name: a shown scalar's, a group's `gradient_norm_…`, a score's as metrics.jsonl has it, or `sample_spread`, how much the
   * samples of a grid differ.
   */
  readonly of: string;
  readonly is: 'above' | 'below';
  /** Past it is trouble; the sign is gone only behind `clear`. */
  readonly bound: number;
  readonly clear: number;
  /** The bounds are shares of the largest value so far, once that has reached this; without it they are values themselves. */
  readonly ofPeakFrom?: number;
}

/** Signs that are there together. */
export interface Condition {
  readonly signs: readonly Sign[];
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
