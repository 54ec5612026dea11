/**
 * Thread that draws sample grids: its own backend, its own engine, so the step loop never waits for a picture.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { chooseBackend, loadBackend } from '@gradcast/backends-node';
import { createEngine } from '@gradcast/engine';
import { writeAtomically } from '@gradcast/files';
import { outputInputs, referenceInputs, sampleGrid } from '@gradcast/evaluate';
import type { GradientEngine } from '@gradcast/task';
import { builtinTask } from '@gradcast/tasks';
import type { SampleReply, SampleRequest, SampleSettings } from './samples.ts';

const GRID = 64;

const { preset, seed, backend } = workerData as SampleSettings;
const task = builtinTask(preset)!;

async function open(): Promise<GradientEngine> {
  const chosen = await chooseBackend(backend);
  const loaded = await loadBackend(chosen.candidate, { gpu: chosen.gpus.at(0) });
  return createEngine(task, loaded);
}

const engine = open();

async function draw({ weights, path }: SampleRequest): Promise<SampleReply> {
  try {
    const loaded = await engine;
    loaded.load(weights);
    const { output } = task;
    if (output?.values.kind !== 'image') return { failed: `task ${preset} gives no images` };
    const images = await loaded.infer(outputInputs(output, { seed, count: GRID }), referenceInputs(output));
    await writeAtomically(path, [sampleGrid(images as Uint8Array, { count: GRID, shape: output.values.shape })]);
    return { path };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: SampleRequest) => {
  void draw(request).then((reply) => parentPort?.postMessage(reply));
});
