/**
 * The part of the conformance suite that holds a backend's graphs against the same backend op by op: the bits may differ
 * where an optimizer fused ops, the gradient may not.
 */
import { ganTask, presetNames, presets, tinyPresets } from '@gradcast/gan';
import type { GanTask } from '@gradcast/gan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoadedBackend } from '../backend.ts';
import { createEngine } from '../engine.ts';
import { distance, gradientOf, logitBias } from './gradients.ts';

/** Relative distance of two gradients of one micro-batch. */
const TOLERANCE = 1e-5;

export interface GraphSuiteBackends {
  readonly eager: () => Promise<LoadedBackend>;
  readonly graph: () => Promise<LoadedBackend>;
}

/** Declares the tests for one backend. */
export function graphConformance(name: string, load: GraphSuiteBackends): void {
  describe(`${name} graphs`, () => {
    let eager: LoadedBackend;
    let graph: LoadedBackend;
    beforeAll(async () => {
      eager = await load.eager();
      graph = await load.graph();
    });

    async function bothGradients(model: GanTask, parameters: Float32Array, size: number): Promise<Float32Array[]> {
      const batch = formulaMicroBatch(model, size);
      const vectors: Float32Array[] = [];
      for (const backend of [eager, graph]) {
        const engine = createEngine(model, backend);
        engine.load(parameters);
        vectors.push(await gradientOf(engine, model, batch));
        engine.dispose();
      }
      return vectors;
    }

    function expectClose(model: GanTask, [expected, actual]: Float32Array[]): void {
      for (const { name: tensor, offset, size } of model.parameters.entries) {
        const range = (vector: Float32Array) => vector.subarray(offset, offset + size);
        expect(distance(range(actual), range(expected)), tensor).toBeLessThan(TOLERANCE);
      }
      const tail = (vector: Float32Array) => vector.subarray(model.parameters.length);
      expect(distance(tail(actual), tail(expected)), 'tail').toBeLessThan(TOLERANCE);
    }

    it('are told from single ops by the profile', () => {
      expect([eager.profile.mode, graph.profile.mode]).toEqual(['eager', 'graph']);
      expect([eager.compile, typeof graph.compile]).toEqual([undefined, 'function']);
    });

    it.each(presetNames)('give the gradients and statistics of single ops for %s', async (preset) => {
      const model = ganTask(presets[preset]);
      expectClose(model, await bothGradients(model, formulaParameters(model), 16));
    });

    it.each(Object.entries(tinyPresets))(
      'give the gradients of single ops at extreme margins, %s',
      async (_, preset) => {
        const model = ganTask(preset);
        const parameters = formulaParameters(model);
        const bias = logitBias(model);
        parameters[bias.offset + bias.size - 1] = -60;
        const vectors = await bothGradients(model, parameters, 4);
        expect(vectors[0].subarray(0, model.groups[0].to).some((x) => x !== 0)).toBe(true);
        const { length } = model.parameters;
        expect(distance(vectors[1].subarray(0, length), vectors[0].subarray(0, length))).toBeLessThan(TOLERANCE);
      },
    );

    it('follow the size of a micro-batch', async () => {
      const model = ganTask(tinyPresets.sigmoid);
      const engine = createEngine(model, graph);
      engine.load(formulaParameters(model));
      const first = await gradientOf(engine, model, formulaMicroBatch(model, 4));
      const other = await gradientOf(engine, model, formulaMicroBatch(model, 6));
      expect(other).not.toEqual(first);
      expect(await gradientOf(engine, model, formulaMicroBatch(model, 4))).toEqual(first);
      engine.dispose();
    });
  });
}
