/**
 * What is trained, as one value. Wire, reduction, optimizer, records and progress read these lists; none of them knows what
 * kind of model it is.
 *
 * Invariant: everything here is a function of the task's name and the run's batch sizes, the same in every process.
 */
import type { LrSchedule, Recipe } from '@gradcast/definition';
import type { Layout, ParameterGroup } from '@gradcast/tensors';
import type { BatchField, ImageField, LabelField } from './field.ts';
import type { Trouble } from './trouble.ts';

/**
 * The labels of an output that is computed from noise and labels alone, so that whoever draws may choose them; undefined where
 * there are none, or where they belong to samples of a data set.
 */
export function chosenLabels({ inputs }: Pick<TaskOutput, 'inputs'>): LabelField | undefined {
  const free = inputs.every(({ source }) => source === 'noise' || source === 'label');
  return free ? inputs.find((field): field is LabelField => field.source === 'label') : undefined;
}

/** Adam's constants (Kingma and Ba, 2015). */
export interface AdamSpec {
  readonly kind: 'adam';
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Stochastic gradient descent with momentum (Polyak, 1964). */
export interface SgdSpec {
  readonly kind: 'sgd';
  readonly learningRate: number;
  /** Share of the velocity that stays at a step, from 0 to below 1. */
  readonly momentum: number;
}

export type OptimizerSpec = AdamSpec | SgdSpec;

/** What becomes of the learning rate, by images of the stream. */
export interface LearningRateSchedule {
  readonly kind: LrSchedule;
  /** Images over which it rises from 0. */
  readonly warmUp: number;
  /** Images at which its decay begins and ends. */
  readonly decayFrom: number;
  readonly decayTo: number;
  /** Share of it that is left there, 0 to 1. */
  readonly endFactor: number;
}

/** A number that each micro-batch has at the end of its tail; what is shown is its mean over the step's leaves. */
export interface TailScalar {
  /** In the tail, in metrics.jsonl and on the progress line. */
  readonly name: string;
  /** No micro-batch has a value outside of these. */
  readonly low: number;
  readonly high: number;
  /** Where it is shown: `progress` in every place, `log` not on the progress line, `none` nowhere. */
  readonly shown: 'progress' | 'log' | 'none';
  /** Whether it says what is thought of real samples alone: then those of training and test images are compared. */
  readonly ofReal?: boolean;
  /** The group of parameters whose loss it is; Prometheus has losses by group. */
  readonly lossOf?: string;
}

/**
 * An exponential moving average of a group's parameters. Its decay is 0.5^(B / h) with a half-life of
 * h = min(halfLife, 0.05 x images before the step) images, or min(limit, (1 + t) / (10 + t)) at step t from 0 without one.
 */
export interface MovingAverage {
  readonly group: ParameterGroup;
  readonly limit: number;
  /** Longest half-life, in images. */
  readonly halfLife?: number;
}

/** Parameters that are measured together. */
export interface TaskGroup extends ParameterGroup {
  /** Ends the name of its norm in metrics.jsonl, `gradient_norm_…`. */
  readonly suffix: string;
}

/** Images to look at: `[H, W, C]`, whose values lie in `range` until they become bytes. */
export interface ImageValues {
  readonly kind: 'image';
  readonly shape: readonly [number, number, number];
  readonly range: ImageField['range'];
}

/** A score for each class; the largest is the answer, and `label` has the right one. */
export interface ClassValues {
  readonly kind: 'classes';
  readonly classes: number;
  readonly label: LabelField;
}

/** Numbers for a program: nothing is shown of them. */
export interface VectorValues {
  readonly kind: 'vector';
  /** Numbers of a sample. */
  readonly length: number;
}

export type OutputValues = ImageValues | ClassValues | VectorValues;

/** What a trained model gives, and what it is computed from: noise is drawn, images come from the data set's test split. */
export interface TaskOutput<Values extends OutputValues = OutputValues> {
  readonly inputs: readonly BatchField[];
  readonly values: Values;
}

export type ImageOutput = TaskOutput<ImageValues>;

/** What a run's definition says of its task. */
export interface TaskIdentity {
  /** Name of the task. */
  readonly preset: string;
  /** Digest of the task's files; null for a built-in one. */
  readonly task: string | null;
}

/** What a command line needs to know of a task. */
export interface TaskDefaults {
  /** As `--preset` names it. */
  readonly name: string;
  /** One sentence for `--help`. */
  readonly description: string;
  readonly optimizer: OptimizerSpec;
  /** Samples of a micro-batch, m. */
  readonly microBatch: number;
  /** Micro-batches of a step, M: a power of two. */
  readonly microBatches: number;
  /** The fewest samples that a micro-batch may have. */
  readonly minimumMicroBatch: number;
  /** Steps of a run that names neither steps nor epochs. */
  readonly defaultSteps: number;
  /** Its own schedule and clipping; none by default. */
  readonly recipe?: Recipe;
}

export interface Task extends TaskDefaults {
  /** What a micro-batch has, in the order in which leases carry it. */
  readonly fields: readonly BatchField[];
  /** All trainable parameters; gradients, moments and averages share this layout. */
  readonly parameters: Layout;
  /** They cover the parameters, in order. */
  readonly groups: readonly TaskGroup[];
  /**
   * What follows the gradient in a gradient vector, always f32: batch statistics (`…/mean` and biased `…/variance`), then
   * {@link scalars}. It is summed by the same tree.
   */
  readonly tail: Layout;
  readonly scalars: readonly TailScalar[];
  /** Running statistics: they follow the statistics of the same names in the tail; may be empty. */
  readonly running: Layout;
  /** Share of a running statistic that stays at a step, 0 to 1. */
  readonly runningMomentum: number;
  readonly average: MovingAverage | undefined;
  /** Of a run's; a task alone has a constant rate. */
  readonly schedule?: LearningRateSchedule;
  /** Largest norm of each group's mean gradient, above 0; none by default. */
  readonly clipNorm?: number;
  /** What a trained model gives, if anything can be shown of it. */
  readonly output: TaskOutput | undefined;
  /** What can go wrong with its training; nothing that is computed depends on it. */
  readonly troubles?: readonly Trouble[];
  /** Parameters at version 0, laid out as {@link parameters}. @throws RandomError `random-seed`. */
  initialParameters(seed: number): Float32Array;
  /** Running statistics at version 0. */
  initialRunning(): Float32Array;
}
