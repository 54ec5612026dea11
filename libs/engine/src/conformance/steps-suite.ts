/**
 * The part of the conformance suite that holds a backend with an engine of its own beside another backend, as two workers of a run
 * stand beside each other: gradients of whole steps, and twenty steps of training, each backend with a replica of its own.
 */
import type { Trainable } from '@gradcast/network';
import { TrainingState } from '@gradcast/optimizer';
import { formulaMicroBatch } from '@gradcast/task';
import type { GradientEngine } from '@gradcast/task';
import { referenceKernels as kernels } from '@gradcast/vector';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadedBackend } from '../backend.ts';
import { createEngine } from '../engine.ts';
import { distance, gradientOf, norm } from './gradients.ts';

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
/** Norm of what two gradients differ by, of all tensors of a group of parameters, relative to that of the gradient. */
export const WHOLE_GRADIENT_TOLERANCE = 1e-4;
/**
 * How far two replicas may be from each other after twenty steps, relative to how far they came. Adam's first steps are as long where a
 * gradient is nearly zero as anywhere else, so where its sign is rounding's the replicas part by whole steps.
 */
export const TRAINED_TOLERANCE = 0.02;
/** How far losses and the like, the task's scalars of the last step, may be apart. */
export const SCALAR_TOLERANCE = 0.01;

/** One replica and what computes its gradients. */
class Run {
  readonly #task: Trainable;
  readonly #engine: GradientEngine;
  readonly #state: TrainingState;
  #tail = new Float32Array(0);

  constructor({ task }: StepsCase, backend: LoadedBackend) {
    this.#task = task;
    this.#engine = createEngine(task, backend);
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

  async step(samples: number, index: number): Promise<void> {
    this.#engine.load(this.parameters);
    const vector = await gradientOf(this.#engine, this.#task, formulaMicroBatch(this.#task, samples, index));
    const average = vector.subarray(0, this.#task.parameters.length);
    this.#tail = vector.slice(this.#task.parameters.length);
    const scalars = this.#state.stepScalars();
    this.#state.advance({ average, tail: this.#tail, scalars, norm: norm(average), samples });
  }

  dispose(): void {
    this.#engine.dispose();
  }
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

    it.each(named(gradients))('have one gradient: %s', async (_, { task, samples }) => {
      const parameters = task.initialParameters(SEED);
      const batch = formulaMicroBatch(task, samples);
      const [subject, reference] = [backends.subject, backends.reference].map((backend) => createEngine(task, backend));
      open.push(subject, reference);
      for (const engine of [subject, reference]) engine.load(parameters);
      const [actual, expected] = [await gradientOf(subject, task, batch), await gradientOf(reference, task, batch)];
      for (const { name: group, from, to } of task.groups) {
        const apart = distance(actual.subarray(from, to), expected.subarray(from, to));
        expect(apart, group).toBeLessThan(WHOLE_GRADIENT_TOLERANCE);
      }
      expect(await gradientOf(subject, task, batch)).toEqual(actual);
    });

    it.each(named(trained))(`are together after ${STEPS} steps: %s`, async (_, each) => {
      const [subject, reference] = [new Run(each, backends.subject), new Run(each, backends.reference)];
      open.push(subject, reference);
      const start = reference.parameters.slice();
      for (let index = 0; index < STEPS; index++) {
        for (const run of [subject, reference]) await run.step(each.samples, index);
      }
      const between = (one: Float32Array, other: Float32Array) => norm(one.map((value, i) => value - other[i]));
      const way = between(reference.parameters, start);
      expect(way).toBeGreaterThan(0);
      expect(between(subject.parameters, reference.parameters) / way).toBeLessThan(TRAINED_TOLERANCE);
      const scalars = subject.scalars;
      for (const [scalar, wanted] of reference.scalars) {
        expect(Math.abs(scalars.get(scalar)! - wanted), scalar).toBeLessThan(SCALAR_TOLERANCE * (1 + Math.abs(wanted)));
      }
    });
  });
}
