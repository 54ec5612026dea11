/**
 * A process with one backend on one thread: runs whole GAN steps the way a worker does, and says how long they took.
 */
import { performance } from 'node:perf_hooks';
import { serveParent } from '../forked.mjs';

const SEED = 1;

let library;
let backend;
/** Engines by preset: each is warm after its first turn. */
const engines = new Map();

serveParent({
  load: async ({ library: url, candidate, gpu }) => {
    library = await import(url);
    backend = await library.loadBackend(candidate, { threads: 1, gpu });
    return { type: 'loaded', profile: backend.profile };
  },
  train: async ({ preset, images, seconds }) => {
    const bench = engines.get(preset) ?? (await warm(preset, images));
    engines.set(preset, bench);
    const used = process.cpuUsage();
    const begin = performance.now();
    let steps = 0;
    for (; steps === 0 || performance.now() - begin < seconds * 1000; steps++) await bench.step();
    const ms = performance.now() - begin;
    const { user, system } = process.cpuUsage(used);
    return { type: 'trained', images: steps * bench.images, ms, cpuMs: (user + system) / 1000 };
  },
});

async function warm(name, images) {
  const { buildModel, createEngine, initialParameters, presets, probeBatch } = library;
  const preset = { ...presets[name], microBatch: images ?? presets[name].microBatch };
  const model = buildModel(preset);
  const engine = createEngine(model, backend);
  const parameters = initialParameters(model, SEED);
  const batch = probeBatch(preset, SEED);
  const gradient = new Float32Array(model.parameters.length + model.tail.length);
  const step = async () => {
    // Every step of a run has other parameters: their upload is part of it.
    engine.load(parameters);
    await engine.gradient(batch, gradient);
  };
  await step();
  return { step, images: preset.microBatch };
}
