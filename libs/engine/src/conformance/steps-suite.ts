/**
 * The part of the conformance suite that holds a backend with an engine of its own beside another backend, as two workers of a run
 * stand beside each other: gradients of whole steps, and twenty steps of training, each backend with a replica of its own.
 */
import type { Trainable } from '@gradcast/network';
import { TrainingState } from '@gradcast/optimizer';
import { formulaMicroBatch } from '@gradcast/task';
import type { GradientEngine, MicroBatch } from '@gradcast/task';
import { referenceKernels as kernels } from '@gradcast/vector';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadedBackend } from '../backend.ts';
import { createEngine } from '../engine.ts';
import { distance, gradientOf, norm } from './gradients.ts';
import { movedParameters, withLeeway } from './rounding.ts';

export interface StepsCase {
  readonly task: Trainable;
  /** Of a micro-batch. */
  readonly samples: number;
}

export interface StepsSuiteOptions {
  /** Steps whose gradients are compared. */
  readonly gradients: readonly StepsCase[];
  /** What is trained for twenty steps. */
  readonly trained: readonly StepsCase[];
  /** Why the machine cannot run this backend; the tests are then reported as skipped. */
  readonly skip?: string | undefined;
}

const SEED = 1;
export const STEPS = 20;
/**
 * Norm of what two gradients differ by, of all tensors of a group of parameters, relative to that of the gradient: so much, or what rounding
 * may change (`rounding.ts`).
 */
export const WHOLE_GRADIENT_TOLERANCE = 1e-4;
/** How many gradients with moved parameters tell that: each sends an activation next to a kink to its other side with a chance of about a half. */
const MOVED_GRADIENTS = 8;
/**
 * How far two replicas may be from each other after twenty steps, relative to how far they came: so much, or what rounding may change.
 * Adam's first steps are as long where a gradient is nearly zero as anywhere else, so where its sign is rounding's the replicas
 * part by whole steps. `mnist` parts from itself by a third of its way.
 */
export const TRAINED_TOLERANCE = 0.02;
const MOVED_REPLICAS = 3;
/** How far losses and the like, the task's scalars of the last step, may be apart, unless rounding may change them by more. */
export const SCALAR_TOLERANCE = 0.01;

/** One replica and what computes its gradients. */
class Run {
  readonly #task: Trainable;
  readonly #engine: GradientEngine;
  readonly #state: TrainingState;
  #tail = new Float32Array(0);

  constructor({ task }: StepsCase, engine: GradientEngine) {
    this.#task = task;
    this.#engine = engine;
    this.#state = TrainingState.initial({ task, kernels }, SEED);
  }

  get parameters(): Float32Array {
    return this.#state.vectors.parameters;
  }

  /** The task's scalars of the last step, by name. */
  get scalars(): ReadonlyMap<string, number> {
    const { entries } = this.#task.tail;
    return new Map(entries.filter(({ size }) => size === 1).map(({ name, offset }) => [name, this.#tail[offset]]));
  }

  async steps(samples: number): Promise<this> {
    for (let index = 0; index < STEPS; index++) await this.#step(samples, index);
    return this;
  }

  async #step(samples: number, index: number): Promise<void> {
    this.#engine.load(this.parameters);
    const vector = await gradientOf(this.#engine, this.#task, formulaMicroBatch(this.#task, samples, index));
    const average = vector.subarray(0, this.#task.parameters.length);
    this.#tail = vector.slice(this.#task.parameters.length);
    const scalars = this.#state.stepScalars();
    this.#state.advance({ average, tail: this.#tail, scalars, norm: norm(average), samples });
  }
}

/** Each group of parameters has the gradient of the reference, as far as rounding lets it. */
async function expectGradient(
  [subject, reference]: readonly GradientEngine[],
  task: Trainable,
  { parameters, batch }: { readonly parameters: Float32Array; readonly batch: MicroBatch },
): Promise<Float32Array> {
  const of = (engine: GradientEngine, at: Float32Array) => {
    engine.load(at);
    return gradientOf(engine, task, batch);
  };
  const [actual, expected] = [await of(subject, parameters), await of(reference, parameters)];
  const moved: Float32Array[] = [];
  for (const at of movedParameters(parameters, MOVED_GRADIENTS)) moved.push(await of(reference, at));
  for (const { name: group, from, to } of task.groups) {
    const apart = (one: Float32Array) => distance(one.subarray(from, to), expected.subarray(from, to));
    expect(apart(actual), group).toBeLessThan(withLeeway(WHOLE_GRADIENT_TOLERANCE, ...moved.map(apart)));
  }
  return actual;
}

const titleOf = ({ task, samples }: StepsCase) => `${task.name}, ${samples} samples`;
const named = (cases: readonly StepsCase[]) => cases.map((each) => [titleOf(each), each] as const);

/**
 * Declares the tests.
 *
 * @param name of both backends.
 * @param load the one that is tested, and the one beside it, which must be current in tfjs-core afterwards.
 */
export function stepsConformance(
  name: string,
  load: () => Promise<{ readonly subject: LoadedBackend; readonly reference: LoadedBackend }>,
  { gradients, trained, skip }: StepsSuiteOptions,
): void {
  const title = skip === undefined ? name : `${name} (skipped: ${skip})`;
  describe.skipIf(skip !== undefined)(title, () => {
    let backends: Awaited<ReturnType<typeof load>>;
    const open: { dispose: () => void }[] = [];
    beforeAll(async () => {
      backends = await load();
    });
    afterAll(() => open.forEach((each) => each.dispose()));

    const enginesOf = (task: Trainable): GradientEngine[] => {
      const engines = [backends.subject, backends.reference].map((backend) => createEngine(task, backend));
      open.push(...engines);
      return engines;
    };

    it.each(named(gradients))('have one gradient: %s', async (_, { task, samples }) => {
      const engines = enginesOf(task);
      const batch = formulaMicroBatch(task, samples);
      const gradient = await expectGradient(engines, task, { parameters: task.initialParameters(SEED), batch });
      expect(await gradientOf(engines[0], task, batch)).toEqual(gradient);
    });

    it.each(named(trained))(`are together after ${STEPS} steps: %s`, async (_, each) => {
      const { task, samples } = each;
      const engines = enginesOf(task);
      const start = task.initialParameters(SEED);
      const [subject, reference] = [new Run(each, engines[0]), new Run(each, engines[1])];
      for (const run of [subject, reference]) await run.steps(samples);
      const moved: Run[] = [];
      for (const at of movedParameters(start, MOVED_REPLICAS)) {
        const run = new Run(each, engines[1]);
        run.parameters.set(at);
        moved.push(await run.steps(samples));
      }
      const between = (one: Float32Array, other: Float32Array) => norm(one.map((value, i) => value - other[i]));
      const way = between(reference.parameters, start);
      expect(way).toBeGreaterThan(0);
      const apart = ({ parameters }: Run) => between(parameters, reference.parameters) / way;
      expect(apart(subject)).toBeLessThan(withLeeway(TRAINED_TOLERANCE, ...moved.map(apart)));
      for (const [scalar, wanted] of reference.scalars) {
        const off = ({ scalars }: Run) => Math.abs(scalars.get(scalar)! - wanted) / (1 + Math.abs(wanted));
        expect(off(subject), scalar).toBeLessThan(withLeeway(SCALAR_TOLERANCE, ...moved.map(off)));
      }
      // Where rounding makes replicas part, only their gradients at the same parameters tell whether a kernel is right there.
      const batch = formulaMicroBatch(task, samples, STEPS);
      await expectGradient(engines, task, { parameters: reference.parameters, batch });
    });
  });
}
