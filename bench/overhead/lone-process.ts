/**
 * One of two processes that compute what a worker would, and talk to nobody: the same engine, the same micro-batches,
 * new parameters loaded for each step. No optimizer, no sum over micro-batches, no frame.
 */
import { loadBackend } from '@gradcast/backends-node';
import { loadDataset, MicroBatches } from '@gradcast/dataset';
import { createEngine } from '@gradcast/engine';
import { ganTask, presets } from '@gradcast/gan';
import { fieldShapes } from '@gradcast/task';
import { sliceFields } from '@gradcast/tensors';
import type { FieldValues } from '@gradcast/tensors';
import { serveParent } from '../harness/child.ts';
import { timed } from '../harness/timing.ts';
import type { Timing } from '../harness/timing.ts';
import { MICRO_BATCH, WORKERS } from '../harness/training.ts';

export type Asked =
  | {
      readonly type: 'prepare';
      /** Which of the workers it stands for. */
      readonly index: number;
      /** Micro-batches of each worker and step. */
      readonly perWorker: number;
      readonly steps: number;
    }
  | { readonly type: 'measure' };

export type Told = { readonly type: 'ready' } | ({ readonly type: 'measured' } & Timing);

/** Steps before the clock runs: the first one allocates. */
const WARM_UP = 3;
const SEED = 0;

let measure: () => Promise<void>;

serveParent<Asked, Told>({
  prepare: async ({ index, perWorker, steps }) => {
    const takeStep = await stepper(perWorker);
    const stream = await leaseStream(perWorker);
    /** What the coordinator leases this worker. */
    const leases = Array.from({ length: WARM_UP + steps }, (_, step) => {
      return stream.cut(step, { first: index * perWorker, count: perWorker });
    });
    for (const lease of leases.slice(0, WARM_UP)) await takeStep(lease);
    measure = async () => {
      for (const lease of leases.slice(WARM_UP)) await takeStep(lease);
    };
    return { type: 'ready' };
  },
  measure: async () => ({ type: 'measured', ...(await timed(measure)) }),
});

function presetFor(perWorker: number) {
  return { ...presets.tutorial, microBatch: MICRO_BATCH, microBatches: WORKERS * perWorker };
}

async function leaseStream(perWorker: number): Promise<MicroBatches> {
  const preset = presetFor(perWorker);
  const shape = { microBatchSize: MICRO_BATCH, microBatches: preset.microBatches };
  const { fields } = ganTask(preset);
  return new MicroBatches({ dataset: await loadDataset(), fields, shape, seed: SEED });
}

/** Computes the gradients of a lease as a worker does. */
async function stepper(perWorker: number): Promise<(lease: FieldValues) => Promise<void>> {
  const preset = presetFor(perWorker);
  const model = ganTask(preset);
  const engine = createEngine(model, await loadBackend('tensorflow', { threads: 1 }));
  const parameters = model.initialParameters(SEED);
  const gradient = new Float32Array(model.parameters.length + model.tail.length);
  const shapes = fieldShapes(model.fields);
  return async (lease) => {
    engine.load(parameters);
    for (let leaf = 0; leaf < perWorker; leaf++) {
      const fields = sliceFields(lease, shapes, leaf * MICRO_BATCH, MICRO_BATCH);
      await engine.gradient({ size: MICRO_BATCH, fields }, gradient);
    }
  };
}
