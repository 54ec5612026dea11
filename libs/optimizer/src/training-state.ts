/**
 * The whole state of a run, held by the coordinator and its checkpoints: the replica, the parameters' moving average,
 * running statistics and the scalars that make the next step's arithmetic.
 *
 * Every scalar is a float64 that only ever met + - * / and square roots, so it has the same bits on every engine
 * (`Math.pow` differs between Node versions; bias corrections are therefore running products).
 */
import { tailFault } from '@gradcast/task';
import type { Task } from '@gradcast/task';
import { tensorView } from '@gradcast/tensors';
import type { AdamScalars, VectorKernels } from '@gradcast/vector';
import { clippedNorm, largestNorm, NORM_FACTOR } from './norm-bound.ts';
import { placed, Replica } from './replica.ts';

const fround = Math.fround;

/** Steps before the norm bound holds: the first gradients of a GAN say little about the later ones. */
const NORM_WARM_UP = 100;
const NORM_RATE = 0.01;

/** Names of the scalars, in the order in which they are stored. */
export const STATE_SCALARS = ['version', 'position', 'beta1Power', 'beta2Power', 'normMean', 'steps'] as const;
type ScalarName = (typeof STATE_SCALARS)[number];

/** Every vector of the state by name; views, not copies. */
export interface StateVectors {
  readonly parameters: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** The moving average of a group's parameters; empty for tasks without one. */
  readonly ema: Float32Array;
  readonly running: Float32Array;
  /** {@link STATE_SCALARS}. */
  readonly scalars: Float64Array;
}

export class TrainingState {
  readonly task: Task;
  readonly replica: Replica;
  readonly #kernels: VectorKernels;
  readonly #learningRate: number;
  readonly #ema: Float32Array;
  readonly #running: Float32Array;
  readonly #scalars: Float64Array;

  private constructor(options: StateOptions, vectors: StateVectors) {
    this.task = options.task;
    this.#kernels = options.kernels;
    this.#learningRate = options.learningRate;
    this.#ema = placed(vectors.ema, options.kernels);
    this.#running = vectors.running;
    this.#scalars = vectors.scalars;
    this.replica = new Replica(this.#scalar('version'), vectors, options.kernels);
  }

  /** Lengths of the vectors that the kernels should reserve memory for. */
  static reserve(task: Task): readonly number[] {
    return [...Replica.reserve(task.parameters.length), ...(task.average ? [averaged(task)] : [])];
  }

  /** The state before the first step. */
  static initial(options: StateOptions, seed: number): TrainingState {
    const { task } = options;
    const parameters = task.initialParameters(seed);
    const scalars = new Float64Array(STATE_SCALARS.length);
    scalars[STATE_SCALARS.indexOf('beta1Power')] = 1;
    scalars[STATE_SCALARS.indexOf('beta2Power')] = 1;
    return new TrainingState(options, {
      parameters,
      first: new Float32Array(parameters.length),
      second: new Float32Array(parameters.length),
      ema: task.average ? parameters.slice(task.average.group.from, task.average.group.to) : new Float32Array(0),
      running: task.initialRunning(),
      scalars,
    });
  }

  /**
   * A state from stored vectors, which it takes over or copies.
   *
   * @throws RangeError if a vector's length does not fit the task.
   */
  static restore(options: StateOptions, vectors: StateVectors): TrainingState {
    const { task } = options;
    const wanted: Record<keyof StateVectors, number> = {
      parameters: task.parameters.length,
      first: task.parameters.length,
      second: task.parameters.length,
      ema: averaged(task),
      running: task.running.length,
      scalars: STATE_SCALARS.length,
    };
    for (const name of Object.keys(wanted) as (keyof StateVectors)[]) {
      if (vectors[name].length !== wanted[name]) {
        throw new RangeError(`${name} has ${vectors[name].length} elements where the task has ${wanted[name]}`);
      }
    }
    return new TrainingState(options, vectors);
  }

  get version(): number {
    return this.replica.version;
  }

  /** Samples that closed steps have used up: the next position of the stream. */
  get position(): number {
    return this.#scalar('position');
  }

  /** Views of everything; valid until the next step. Copy before handing them on. */
  get vectors(): StateVectors {
    return { ...this.replica.vectors, ema: this.#ema, running: this.#running, scalars: this.#scalars };
  }

  /** The parameters, in memory of their own, the averaged group's replaced by its moving average: what a user wants. */
  get averagedParameters(): Float32Array<ArrayBuffer> {
    const parameters = Float32Array.from(this.replica.vectors.parameters);
    const { average } = this.task;
    if (average) parameters.set(this.#ema, average.group.from);
    return parameters;
  }

  /**
   * Largest norm that the mean gradient may have at this version: at first only what the optimizer can take
   * ({@link largestNorm}), after {@link NORM_WARM_UP} steps a multiple of the running mean too.
   */
  get normBound(): number {
    const largest = largestNorm(this.#learningRate);
    return this.#scalar('steps') < NORM_WARM_UP ? largest : Math.min(largest, NORM_FACTOR * this.#scalar('normMean'));
  }

  /**
   * Norm beyond which a result is computed once more before it is used; undefined before the first step, which has only
   * its own results to be compared with.
   */
  get suspectNorm(): number | undefined {
    if (this.#scalar('steps') === 0) return undefined;
    return Math.min(this.normBound, NORM_FACTOR * this.#scalar('normMean'));
  }

  /**
   * Why a step must not be taken, from its whole sum and this state alone; undefined if it may.
   *
   * @param mean norms of the mean gradient, and the mean tail.
   */
  divergence({ norms, tail }: MeasuredMean): string | undefined {
    const step = this.version + 1;
    if (!norms.finite) return `the gradient of step ${step} is not finite`;
    const { normBound: bound } = this;
    if (norms.norm > bound) {
      return `the gradient of step ${step} has norm ${norms.norm.toPrecision(3)}, above the bound ${bound.toPrecision(3)}`;
    }
    const fault = tailFault(this.task, tail);
    return fault === undefined ? undefined : `the statistics of step ${step} are impossible: ${fault}`;
  }

  /** Scalars of the step from this version to the next, as every replica needs them. */
  stepScalars(): AdamScalars {
    const { beta1, beta2, epsilon } = this.task.optimizer;
    const correction1 = 1 - this.#scalar('beta1Power') * beta1;
    const correction2 = 1 - this.#scalar('beta2Power') * beta2;
    return {
      alpha: fround((this.#learningRate * Math.sqrt(correction2)) / correction1),
      oneMinusBeta1: fround(1 - beta1),
      oneMinusBeta2: fround(1 - beta2),
      epsilon: fround(epsilon),
    };
  }

  /**
   * Closes a step: optimizer, moving average, running statistics, scalars.
   *
   * @returns whether the norm was so large that the running mean was told less ({@link clippedNorm}).
   */
  advance(step: ClosedStep): { readonly normClipped: boolean } {
    const { average, tail, scalars, norm, samples } = step;
    const { beta1, beta2 } = this.task.optimizer;
    const steps = this.#scalar('steps');
    this.replica.advance(average, scalars);
    this.#set('beta1Power', this.#scalar('beta1Power') * beta1);
    this.#set('beta2Power', this.#scalar('beta2Power') * beta2);
    const mean = this.#scalar('normMean');
    const heard = steps === 0 ? norm : clippedNorm(norm, mean);
    this.#set('normMean', steps === 0 ? norm : mean + (heard - mean) * NORM_RATE);
    this.#set('steps', steps + 1);
    this.#followParameters(steps);
    this.#followStatistics(tail);
    this.#count(samples);
    return { normClipped: heard !== norm };
  }

  /** Closes a diverged step without applying it: version and stream go on, everything else stays. */
  skip(samples: number): void {
    this.replica.advance(null, null);
    this.#count(samples);
  }

  #count(samples: number): void {
    this.#set('version', this.replica.version);
    this.#set('position', this.#scalar('position') + samples);
  }

  #followParameters(steps: number): void {
    const { average } = this.task;
    if (!average) return;
    const { from, to } = average.group;
    const group = this.replica.vectors.parameters.subarray(from, to);
    this.#kernels.ema(this.#ema, group, Math.min(average.limit, (1 + steps) / (10 + steps)));
  }

  #followStatistics(tail: Float32Array): void {
    const { running, runningMomentum, tail: layout } = this.task;
    const rate = fround(1 - runningMomentum);
    for (const { name, offset, size } of running.entries) {
      const batch = tensorView(layout, tail, name);
      for (let i = 0; i < size; i++) {
        this.#running[offset + i] += fround(fround(batch[i] - this.#running[offset + i]) * rate);
      }
    }
  }

  #scalar(name: ScalarName): number {
    return this.#scalars[STATE_SCALARS.indexOf(name)];
  }

  #set(name: ScalarName, value: number): void {
    this.#scalars[STATE_SCALARS.indexOf(name)] = value;
  }
}

/** Elements of the moving average. */
function averaged({ average }: Task): number {
  return average ? average.group.to - average.group.from : 0;
}

export interface StateOptions {
  readonly task: Task;
  readonly kernels: VectorKernels;
  readonly learningRate: number;
}

/** What a step's mean measured, before anything is done with it. */
export interface MeasuredMean {
  readonly norms: { readonly finite: boolean; readonly norm: number };
  /** Mean tail. */
  readonly tail: Float32Array;
}

/** What a step's reduction brought. */
export interface ClosedStep {
  /** Mean gradient, in the layout of the parameters. */
  readonly average: Float32Array;
  /** Mean tail. */
  readonly tail: Float32Array;
  readonly scalars: AdamScalars;
  /** Norm of the mean gradient before any clip. */
  readonly norm: number;
  /** Images of the step, B. */
  readonly samples: number;
}

/** The bytes that `stateSha256` covers, in order; little-endian as typed arrays are on every supported machine. */
export function stateBytes(vectors: StateVectors): Uint8Array[] {
  const { parameters, first, second, ema, running, scalars } = vectors;
  return [parameters, first, second, ema, running, scalars].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
}
