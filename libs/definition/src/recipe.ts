/** How a task is trained besides its networks and its optimizer's constants. */

/** What the learning rate does from where its decay begins to where it ends. */
export const LR_SCHEDULES = ['constant', 'linear', 'cosine'] as const;
export type LrSchedule = (typeof LR_SCHEDULES)[number];

/** Most images of the stream at which a schedule may begin or end: four times the difference of two stays below 2^50. */
export const SCHEDULE_IMAGES_LIMIT = 2 ** 40;

/** A task's own, unless somebody says otherwise; what is left out is none of it. */
export interface Recipe {
  readonly lrSchedule?: LrSchedule;
  /** Images over which the learning rate rises from 0. */
  readonly warmUpImages?: number;
  /** Share of a run, at its end, over which the learning rate decays, above 0 to 1; all of it by default. */
  readonly decayShare?: number;
  /** Share of the learning rate that is left at the end of the decay, 0 to 1. */
  readonly lrEndFactor?: number;
  /** Norm to which each group's mean gradient is clipped. */
  readonly clipNorm?: number;
  /** Longest half-life of the moving average, in images; by default its decay is of the older rule, by steps. */
  readonly averageImages?: number;
}
