/**
 * One of two processes that compute what a worker would, and talk to nobody: the same engine, the same micro-batches,
 * new parameters loaded for each step. No optimizer, no frame; leaves are added only where the engine does so on its device.
 */
import { loadBackend } from '@gradcast/backends-node';
import type { Candidate, Gpu } from '@gradcast/backends-node';
import { loadDataset, MicroBatches } from '@gradcast/dataset';
import { openEngine } from '@gradcast/engine';
import type { DeviceEvent } from '@gradcast/engine';
import { ganTask, presets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import { fieldShapes } from '@gradcast/task';
import type { MicroBatch, SubtreeLeaves } from '@gradcast/task';
import { sliceFields } from '@gradcast/tensors';
import { serveParent } from '../harness/child.ts';
import { timed } from '../harness/timing.ts';
import type { Timing } from '../harness/timing.ts';
import { warmUpOf, WORKERS } from '../harness/training.ts';

/** What is computed, and on what. */
export interface Work {
  readonly preset: PresetName;
  /** Images of a micro-batch. */
  readonly microBatch: number;
  readonly candidate: Candidate;
  /** Needed by `cuda`. */
  readonly gpu: Gpu | undefined;
  /** Which of the workers it stands for. */
  readonly index: number;
  /** Micro-batches of each worker and step. */
  readonly perWorker: number;
  readonly steps: number;
}

export type Asked = ({ readonly type: 'prepare' } & Work) | { readonly type: 'measure' };

export type Told = { readonly type: 'ready' } | ({ readonly type: 'measured' } & Timing);

/** Steps before the clock runs: the first one allocates. */
const WARM_UP = 3;
/** Leases of so many steps are held, and come again in longer runs. */
const HELD_STEPS = 128;
const SEED = 0;

let measure: () => Promise<void>;

serveParent<Asked, Told>({
  prepare: async (work) => {
    const takeStep = await stepper(work);
    const leases = await leasesOf(work);
    const take = async (first: number, count: number) => {
      for (let step = first; step < first + count; step++) await takeStep(leases[step % leases.length]);
    };
    const warmUp = Math.min(WARM_UP, warmUpOf(work.steps));
    await take(0, warmUp);
    measure = () => take(warmUp, work.steps);
    return { type: 'ready' };
  },
  measure: async () => ({ type: 'measured', ...(await timed(measure)) }),
});

/** What the coordinator leases this worker: the micro-batches of each step. */
async function leasesOf({ preset, microBatch, index, perWorker, steps }: Work): Promise<MicroBatch[][]> {
  const shape = { microBatchSize: microBatch, microBatches: WORKERS * perWorker };
  const { fields } = ganTask({ ...presets[preset], microBatch });
  const stream = new MicroBatches({ dataset: await loadDataset(), fields, shape, seed: SEED });
  const shapes = fieldShapes(fields);
  return Array.from({ length: Math.min(WARM_UP + steps, HELD_STEPS) }, (_, step) => {
    const lease = stream.cut(step, { first: index * perWorker, count: perWorker });
    return Array.from({ length: perWorker }, (_unused, leaf) => {
      return { size: microBatch, fields: sliceFields(lease, shapes, leaf * microBatch, microBatch) };
    });
  });
}

/** Computes the gradients of a lease as a worker does. */
async function stepper({ preset, microBatch, candidate, gpu }: Work) {
  const task = ganTask({ ...presets[preset], microBatch });
  // As a worker does: on a GPU tiles are timed at its first use.
  const tuning = { mode: 'once', started: performance.timeOrigin } as const;
  const tell = ({ sentence }: DeviceEvent) => void process.stderr.write(`${sentence}\n`);
  const engine = await openEngine(task, await loadBackend(candidate, { threads: 1, gpu, tuning, tell }));
  await engine.prepare?.(microBatch);
  const parameters = task.initialParameters(SEED);
  const gradient = new Float32Array(task.parameters.length + task.tail.length);
  return async (batches: readonly MicroBatch[]): Promise<void> => {
    engine.load(parameters, () => parameters);
    const adds = engine.subtree !== undefined && batches.length > 1;
    if (adds && (await engine.subtree!(leavesOf(batches), gradient)) === 'summed') return;
    for (const batch of batches) await engine.gradient(batch, gradient);
  };
}

function leavesOf(batches: readonly MicroBatch[]): SubtreeLeaves {
  return {
    count: batches.length,
    size: batches[0].size,
    ahead: true,
    next: (leaf) => Promise.resolve(batches[leaf]),
    computed: () => undefined,
  };
}
