/**
 * The part of the conformance suite that holds a backend against Keras: gradients of whole presets, and three steps of
 * training with the optimizer that every replica runs.
 */
import {
  kerasFixture,
  MOMENT_TOLERANCE,
  recordDeviation,
  recordMismatches,
  recordOf,
  STEP_TOLERANCE,
} from '@gradcast/gan';
import type { KerasGradients, KerasSteps, PresetName, RecordTolerance } from '@gradcast/gan';
import { TrainingState } from '@gradcast/optimizer';
import { tensorView } from '@gradcast/tensors';
import { referenceKernels as kernels } from '@gradcast/vector';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoadedBackend } from '../backend.ts';
import { createEngine } from '../engine.ts';
import { gradientOf } from './gradients.ts';
import { movedParameters, withLeeway } from './rounding.ts';

export interface KerasSuiteOptions {
  /** What Keras computed, by the name of its file in `test/fixtures/keras`. */
  readonly results: (name: string) => unknown;
  readonly presets: readonly PresetName[];
  /** Presets to train for three steps as well; all of them by default. */
  readonly trained?: readonly PresetName[];
  /** Why the machine cannot run this backend; the tests are then reported as skipped. */
  readonly skip?: string | undefined;
}

/** What steps came to. */
interface Trained {
  readonly version: number;
  readonly tail: Float32Array;
  /** Parameters and Adam's two moments. */
  readonly vectors: readonly Float32Array[];
}

/** What a tensor may be off: the tolerance, or as far as moved parameters bring the same steps away. */
function widened(tolerance: RecordTolerance, tensor: Float32Array, moved: readonly Float32Array[]): RecordTolerance {
  const record = recordOf(tensor);
  const own = moved.map((other) => recordDeviation(other, record));
  const wider = (part: keyof RecordTolerance) => withLeeway(tolerance[part], ...own.map((each) => each[part]));
  return { norm: wider('norm'), entry: wider('entry') };
}

/** How many runs with moved parameters tell what rounding may change, where tolerances alone do not hold. */
const MOVED_RUNS = 4;

/**
 * Declares the tests for one backend. Tolerances are those of `recordMismatches` and the constants beside it; losses
 * agree to 5e-5, after two steps in between to 5e-4. After steps a tensor may also be off by what rounding may change.
 */
export function kerasConformance(
  name: string,
  load: () => Promise<LoadedBackend>,
  { results, presets, trained = presets, skip }: KerasSuiteOptions,
): void {
  const title = skip === undefined ? name : `${name} (skipped: ${skip})`;
  describe.skipIf(skip !== undefined)(`${title} against Keras`, () => {
    let backend: LoadedBackend;
    beforeAll(async () => {
      backend = await load();
    });

    it.each(presets)('has the gradients, statistics and losses of %s', async (preset) => {
      const { model, parameters, batches, expected } = kerasFixture(results(preset) as KerasGradients);
      const engine = createEngine(model, backend);
      engine.load(parameters);
      const vector = await gradientOf(engine, model, batches[0]);
      engine.dispose();
      const tail = vector.subarray(model.parameters.length);
      expect(recordMismatches(vector, model.parameters, expected.gradients)).toEqual([]);
      expect(recordMismatches(tail, model.tail, expected.statistics)).toEqual([]);
      for (const [key, value] of Object.entries(expected.scalars)) {
        expect(tensorView(model.tail, tail, key)[0], key).toBeCloseTo(value, 4);
      }
      expect(tensorView(model.tail, tail, 'samples')[0]).toBe(expected.samples);
    });

    it.each(trained)('takes three Adam steps of %s', async (preset) => {
      const { model, parameters, batches, expected } = kerasFixture(results(`${preset}-adam`) as KerasSteps);
      const engine = createEngine(model, backend);
      const trainedFrom = async (start: Float32Array): Promise<Trained> => {
        const state = TrainingState.initial({ task: model, kernels }, 0);
        state.vectors.parameters.set(start);
        let tail: Float32Array = new Float32Array(0);
        for (const batch of batches) {
          engine.load(state.vectors.parameters);
          const vector = await gradientOf(engine, model, batch);
          const average = vector.subarray(0, model.parameters.length);
          tail = vector.subarray(model.parameters.length);
          state.advance({ average, tail, scalars: state.stepScalars(), norm: 1, samples: batch.size });
        }
        const { parameters, slots } = state.vectors;
        return { version: state.version, tail, vectors: [parameters, ...slots] };
      };
      const { version, tail, vectors } = await trainedFrom(parameters);
      const recorded = [
        { records: expected.parameters, tolerance: STEP_TOLERANCE },
        { records: expected.firstMoments, tolerance: MOMENT_TOLERANCE },
        { records: expected.secondMoments, tolerance: MOMENT_TOLERANCE },
      ];
      const view = (vector: Float32Array, tensor: string) => tensorView(model.parameters, vector, tensor);
      const mismatches = (moved: readonly Trained[]) =>
        recorded.flatMap(({ records, tolerance }, which) =>
          recordMismatches(vectors[which], model.parameters, records, (tensor) =>
            widened(
              tolerance,
              view(vectors[which], tensor),
              moved.map((other) => view(other.vectors[which], tensor)),
            ),
          ),
        );
      let found = mismatches([]);
      if (found.length > 0) {
        const moved: Trained[] = [];
        for (const start of movedParameters(parameters, MOVED_RUNS)) moved.push(await trainedFrom(start));
        found = mismatches(moved);
      }
      engine.dispose();
      expect(version).toBe(expected.steps);
      for (const [key, value] of Object.entries(expected.scalars)) {
        expect(tensorView(model.tail, tail, key)[0], key).toBeCloseTo(value, 3);
      }
      expect(found).toEqual([]);
    });
  });
}
