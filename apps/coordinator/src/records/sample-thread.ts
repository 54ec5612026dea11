/**
 * Thread that draws sample grids: its own backend, its own engine, so the step loop never waits for a picture.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { chooseBackend, loadBackend } from '@gradcast/backends-node';
import { createEngine } from '@gradcast/engine';
import { writeAtomically } from '@gradcast/files';
import { referenceNoise, sampleGrid, sampleNoise } from '@gradcast/evaluate';
import { buildModel, presets } from '@gradcast/model';
import type { GradientEngine, PresetName } from '@gradcast/model';
import type { SampleReply, SampleRequest, SampleSettings } from './samples.ts';

const GRID = 64;

const { preset, seed, backend } = workerData as SampleSettings;

async function open(): Promise<GradientEngine> {
  const chosen = await chooseBackend(backend);
  const loaded = await loadBackend(chosen.candidate, { gpu: chosen.gpus.at(0) });
  return createEngine(buildModel(presets[preset as PresetName]), loaded);
}

const engine = open();

async function draw({ weights, path }: SampleRequest): Promise<SampleReply> {
  try {
    const loaded = await engine;
    loaded.load(weights);
    const model = presets[preset as PresetName];
    const images = await loaded.generate(sampleNoise(model, { seed, count: GRID }), referenceNoise(model));
    await writeAtomically(path, [sampleGrid(images, GRID)]);
    return { path };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: SampleRequest) => {
  void draw(request).then((reply) => parentPort?.postMessage(reply));
});
