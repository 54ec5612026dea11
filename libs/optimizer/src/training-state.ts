/**
 * The whole state of a run, held by the coordinator and its checkpoints: the replica, the parameters' moving average,
 * running statistics and the scalars that make the next step's arithmetic.
 *
 * Every scalar is a float64 that only ever met + - * / and square roots, so it has the same bits on every engine.
 */
import { tailFault } from '@gradcast/task';
import type { Task } from '@gradcast/task';
import { tensorView } from '@gradcast/tensors';
import type { VectorKernels } from '@gradcast/vector';
import { optimizerOf } from './kinds.ts';
import { rateFactor } from './learning-rate.ts';
import type { StepImages } from './learning-rate.ts';
import { averageDecay } from './moving-average.ts';
import { clippedNorm, NORM_FACTOR } from './norm-bound.ts';
import type { Numbers, Optimizer } from './optimizer.ts';
import { placed, Replica } from './replica.ts';

const fround = Math.fround;

/** Steps before the norm bound holds: the first gradients of a GAN say little about the later ones. */
const NORM_WARM_UP = 100;
const NORM_RATE = 0.01;

/** Names of the scalars, in the order in which they are stored and hashed; the optimizer's stand in the middle. */
export function stateScalars({ initial }: Optimizer): readonly string[] {
  return ['version', 'position', ...Object.keys(initial), 'normMean', 'steps'];
}

/** Every vector of the state by name; views, not copies. */
export interface StateVectors {
  readonly parameters: Float32Array;
  /** The optimizer's, in its order. */
  readonly slots: readonly Float32Array[];
  /** The moving average of a group's parameters; empty for tasks without one. */
  readonly ema: Float32Array;
  readonly running: Float32Array;
  /** {@link stateScalars}. */
  readonly scalars: Float64Array;
}

export class TrainingState {
  readonly task: Task;
  readonly replica: Replica;
  readonly #optimizer: Optimizer;
  readonly #places: ReadonlyMap<string, number>;
  readonly #kernels: VectorKernels;
  readonly #ema: Float32Array;
  readonly #running: Float32Array;
  readonly #scalars: Float64Array;

  private constructor(options: StateOptions, vectors: StateVectors) {
    this.task = options.task;
    this.#optimizer = optimizerOf(options.task.optimizer);
    this.#places = new Map(stateScalars(this.#optimizer).map((name, place) => [name, place]));
    this.#kernels = options.kernels;
    this.#ema = placed(vectors.ema, options.kernels);
    this.#running = vectors.running;
    this.#scalars = vectors.scalars;
    this.replica = new Replica(vectors, {
      version: this.#scalar('version'),
      optimizer: this.#optimizer,
      kernels: options.kernels,
    });
  }

  /** Lengths of the vectors that the kernels should reserve memory for. */
  static reserve(task: Task): readonly number[] {
    return [
      ...Replica.reserve(task.parameters.length, optimizerOf(task.optimizer)),
      ...(task.average ? [averaged(task)] : []),
    ];
  }

  /** The state before the first step. */
  static initial(options: StateOptions, seed: number): TrainingState {
    const { task } = options;
    const parameters = task.initialParameters(seed);
    const optimizer = optimizerOf(task.optimizer);
    const scalars = Float64Array.from(stateScalars(optimizer), (name) => optimizer.initial[name] ?? 0);
    return new TrainingState(options, {
      parameters,
      slots: optimizer.slots.map(() => new Float32Array(parameters.length)),
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
    const { slots } = optimizerOf(task.optimizer);
    const { length } = task.parameters;
    const lengths: [string, ArrayLike<unknown> | undefined, number][] = [
      ['parameters', vectors.parameters, length],
      ...slots.map(({ stored }, i): [string, ArrayLike<unknown> | undefined, number] => {
        return [stored, vectors.slots.at(i), length];
      }),
      ['ema', vectors.ema, averaged(task)],
      ['running', vectors.running, task.running.length],
      ['scalars', vectors.scalars, stateScalars(optimizerOf(task.optimizer)).length],
    ];
    for (const [name, vector, wanted] of lengths) {
      if (vector?.length !== wanted) {
        throw new RangeError(`${name} has ${vector?.length ?? 0} elements where the task has ${wanted}`);
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
   * (`largestNorm`), after {@link NORM_WARM_UP} steps a multiple of the running mean too.
   */
  get normBound(): number {
    const largest = this.#optimizer.largestNorm;
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

  /** With which the step from this version to the next is taken. */
  get learningRate(): number {
    const { optimizer, schedule, microBatch, microBatches } = this.task;
    return (
      optimizer.learningRate * rateFactor(schedule, { position: this.position, samples: microBatch * microBatches })
    );
  }

  /** Scalars of the step from this version to the next, as every replica needs them. */
  stepScalars(): Numbers {
    return this.#optimizer.scalars(this.#kept, this.learningRate);
  }

  /**
   * Closes a step: optimizer, moving average, running statistics, scalars.
   *
   * @returns whether the norm was so large that the running mean was told less ({@link clippedNorm}).
   */
  advance(step: ClosedStep): { readonly normClipped: boolean } {
    const { average, tail, scalars, norm, samples } = step;
    const steps = this.#scalar('steps');
    this.replica.advance(average, scalars);
    for (const [name, value] of Object.entries(this.#optimizer.next(this.#kept))) this.#set(name, value);
    const mean = this.#scalar('normMean');
    const heard = steps === 0 ? norm : clippedNorm(norm, mean);
    this.#set('normMean', steps === 0 ? norm : mean + (heard - mean) * NORM_RATE);
    this.#set('steps', steps + 1);
    this.#followParameters({ position: this.position, samples, steps });
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

  #followParameters(step: StepImages & { readonly steps: number }): void {
    const { average } = this.task;
    if (!average) return;
    const { from, to } = average.group;
    const group = this.replica.vectors.parameters.subarray(from, to);
    this.#kernels.ema(this.#ema, group, averageDecay(average, step));
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

  /** What the optimizer keeps. */
  get #kept(): Numbers {
    return Object.fromEntries(Object.keys(this.#optimizer.initial).map((name) => [name, this.#scalar(name)]));
  }

  #scalar(name: string): number {
    return this.#scalars[this.#places.get(name)!];
  }

  #set(name: string, value: number): void {
    this.#scalars[this.#places.get(name)!] = value;
  }
}

/** Elements of the moving average. */
function averaged({ average }: Task): number {
  return average ? average.group.to - average.group.from : 0;
}

export interface StateOptions {
  readonly task: Task;
  readonly kernels: VectorKernels;
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
  readonly scalars: Numbers;
  /** Norm of the mean gradient. */
  readonly norm: number;
  /** Images of the step, B. */
  readonly samples: number;
}

/** The bytes that `stateSha256` covers, in order; little-endian as typed arrays are on every supported machine. */
export function stateBytes(vectors: StateVectors): Uint8Array[] {
  const { parameters, slots, ema, running, scalars } = vectors;
  return [parameters, ...slots, ema, running, scalars].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
}
