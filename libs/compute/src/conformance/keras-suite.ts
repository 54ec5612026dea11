/** The part of the conformance suite that holds a backend's gradients of whole presets against Keras. */
import { readFileSync } from 'node:fs';
import { kerasFixture, recordMismatches } from '@gradcast/model';
import type { KerasGradients, PresetName } from '@gradcast/model';
import { tensorView } from '@gradcast/tensors';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoadedBackend } from '../engine/backend.ts';
import { createEngine } from '../engine/engine.ts';
import { gradientOf } from './gradients.ts';

export interface KerasSuiteOptions {
  readonly presets: readonly PresetName[];
  /** Why the machine cannot run this backend; the tests are then reported as skipped. */
  readonly skip?: string | undefined;
}

function readFixture(name: PresetName): KerasGradients {
  const file = new URL(`../../../../test/fixtures/keras/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as KerasGradients;
}

/** Declares the tests for one backend; tolerances are those of `recordMismatches`, losses agree to 5e-5. */
export function kerasConformance(
  name: string,
  load: () => Promise<LoadedBackend>,
  { presets, skip }: KerasSuiteOptions,
): void {
  const title = skip === undefined ? name : `${name} (skipped: ${skip})`;
  describe.skipIf(skip !== undefined)(`${title} against Keras`, () => {
    let backend: LoadedBackend;
    beforeAll(async () => {
      backend = await load();
    });

    it.each(presets)('has the gradients, statistics and losses of %s', async (preset) => {
      const { model, parameters, batches, expected } = kerasFixture(readFixture(preset));
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
  });
}
