/** A process with one backend on one thread: runs whole GAN steps the way a worker does, and says how long they took. */
import { performance } from 'node:perf_hooks';
import { loadBackend } from '@gradcast/backends-node';
import type { Candidate, Gpu } from '@gradcast/backends-node';
import { createEngine } from '@gradcast/engine';
import type { BackendProfile, LoadedBackend } from '@gradcast/engine';
import { ganTask, presets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import { probeBatch } from '@gradcast/task';
import { serveParent } from '../harness/child.ts';
import { timed } from '../harness/timing.ts';
import type { Timing } from '../harness/timing.ts';

export type Asked =
  | { readonly type: 'load'; readonly candidate: Candidate; readonly gpu: Gpu | undefined }
  /** @param images of a micro-batch; the preset's own if undefined. */
  | {
      readonly type: 'train';
      readonly preset: PresetName;
      readonly images: number | undefined;
      readonly seconds: number;
    };

export type Told =
  | { readonly type: 'loaded'; readonly profile: BackendProfile }
  | ({ readonly type: 'trained'; readonly images: number } & Timing);

interface WarmEngine {
  readonly step: () => Promise<void>;
  /** Of a step. */
  readonly images: number;
}

const SEED = 1;

let backend: LoadedBackend;
/** Engines by preset: each is warm after its first turn. */
const engines = new Map<PresetName, WarmEngine>();

serveParent<Asked, Told>({
  load: async ({ candidate, gpu }) => {
    backend = await loadBackend(candidate, { threads: 1, gpu });
    return { type: 'loaded', profile: backend.profile };
  },
  train: async ({ preset, images, seconds }) => {
    const engine = engines.get(preset) ?? (await warm(preset, images));
    engines.set(preset, engine);
    let steps = 0;
    const timing = await timed(async () => {
      const begin = performance.now();
      for (; steps === 0 || performance.now() - begin < seconds * 1000; steps++) await engine.step();
    });
    return { type: 'trained', images: steps * engine.images, ...timing };
  },
});

async function warm(name: PresetName, images: number | undefined): Promise<WarmEngine> {
  const preset = { ...presets[name], microBatch: images ?? presets[name].microBatch };
  const model = ganTask(preset);
  const engine = createEngine(model, backend);
  const parameters = model.initialParameters(SEED);
  const batch = probeBatch(model, SEED);
  const gradient = new Float32Array(model.parameters.length + model.tail.length);
  const step = async () => {
    // Every step of a run has other parameters: their upload is part of it.
    engine.load(parameters);
    await engine.gradient(batch, gradient);
  };
  await step();
  return { step, images: preset.microBatch };
}
