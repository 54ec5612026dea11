/** Whole GAN steps as a worker takes them, in any runtime. */
import { createEngine } from '@gradcast/engine';
import type { LoadedBackend } from '@gradcast/engine';
import { ganTask, presets } from '@gradcast/gan';
import type { GanTask, PresetName } from '@gradcast/gan';
import { probeBatch } from '@gradcast/task';

export interface WarmEngine {
  readonly step: () => Promise<void>;
  /** Of a step. */
  readonly images: number;
}

const SEED = 1;

/** @param images of a micro-batch; the preset's own if undefined. */
export function taskOf(name: PresetName, images: number | undefined): GanTask {
  return ganTask({ ...presets[name], microBatch: images ?? presets[name].microBatch });
}

/** @param images of a micro-batch; the preset's own if undefined. */
export async function warm(backend: LoadedBackend, name: PresetName, images: number | undefined): Promise<WarmEngine> {
  const model = taskOf(name, images);
  const engine = createEngine(model, backend);
  const parameters = model.initialParameters(SEED);
  const batch = probeBatch(model, SEED);
  const gradient = new Float32Array(model.parameters.length + model.tail.length);
  const step = async () => {
    // Every step of a run has other parameters: their upload is part of it.
    engine.load(parameters);
    await engine.gradient(batch, gradient);
  };
  // As a worker does: on a GPU tiles are timed at its first use.
  await engine.prepare?.(model.preset.microBatch);
  await step();
  return { step, images: model.preset.microBatch };
}

/** Takes steps for so long, one at least. @returns images of them. */
export async function train({ step, images }: WarmEngine, seconds: number): Promise<number> {
  let steps = 0;
  const begin = performance.now();
  for (; steps === 0 || performance.now() - begin < seconds * 1000; steps++) await step();
  return steps * images;
}
