/**
 * One of two processes that compute what a worker would, and talk to nobody: the same engine, the same micro-batches,
 * new parameters loaded for each step. No optimizer, no sum over micro-batches, no frame. Started by overhead.mjs, which
 * lets both begin at once.
 *
 *     node bench/lone-process.mjs INDEX MICRO_BATCHES_PER_STEP STEPS
 */
import { performance } from 'node:perf_hooks';
import { loadSource } from './report.mjs';
import { MICRO_BATCH, WORKERS } from './training.mjs';

/** Steps before the clock runs: the first one allocates. */
const WARM_UP = 3;
const SEED = 0;
const [index, perWorker, steps] = process.argv.slice(2).map(Number);

const external = ['@tensorflow/*', 'webgpu', 'node-api-headers'];
const { createEngine } = await loadSource('libs/engine/src/index.ts', { external });
const { loadBackend } = await loadSource('libs/backends-node/src/index.ts', { external });
const { buildModel, initialParameters, presets } = await loadSource('libs/model/src/index.ts', { external });
const { loadDataset, MicroBatches } = await loadSource('libs/dataset/src/index.ts', { external });

const preset = { ...presets.tutorial, microBatch: MICRO_BATCH, microBatches: WORKERS * perWorker };
const model = buildModel(preset);
const backend = await loadBackend('tensorflow', { threads: 1 });
const engine = createEngine(model, backend);
const dataset = await loadDataset();
const shape = { microBatchSize: MICRO_BATCH, microBatches: preset.microBatches };
const stream = new MicroBatches({ dataset, preset, shape, seed: SEED });
const parameters = initialParameters(model, SEED);
const gradient = new Float32Array(model.parameters.length + model.tail.length);
const [height, width, channels] = preset.image;
const pixels = height * width * channels;

/** What the coordinator leases this worker. */
const leases = Array.from({ length: WARM_UP + steps }, (_, step) => {
  return stream.cut(step, { first: index * perWorker, count: perWorker });
});

for (const lease of leases.slice(0, WARM_UP)) await takeStep(lease);
process.once('message', () => void measure());
process.send({ ready: true });

async function measure() {
  const before = process.cpuUsage();
  const start = performance.now();
  for (const lease of leases.slice(WARM_UP)) await takeStep(lease);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  process.send({ ms, cpuMs: (user + system) / 1000 }, () => process.exit(0));
}

async function takeStep({ images, noise }) {
  engine.load(parameters);
  for (let leaf = 0; leaf < perWorker; leaf++) {
    const batch = {
      size: MICRO_BATCH,
      images: images.subarray(leaf * MICRO_BATCH * pixels, (leaf + 1) * MICRO_BATCH * pixels),
      noise: noise.subarray(leaf * MICRO_BATCH * preset.latent, (leaf + 1) * MICRO_BATCH * preset.latent),
    };
    await engine.gradient(batch, gradient);
  }
}
