/** A process that computes steps of the native backend in one mode, on one thread. */
import { createHash } from 'node:crypto';
import { loadTensorflow } from '@gradcast/backends-node';
import type { Gpu } from '@gradcast/backends-node';
import { createEngine } from '@gradcast/engine';
import type { LoadedBackend } from '@gradcast/engine';
import { ganTask, presets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { GradientEngine } from '@gradcast/task';
import { serveParent } from '../harness/child.ts';
import { timed } from '../harness/timing.ts';
import type { Timing } from '../harness/timing.ts';

export type Mode = 'eager' | 'graph' | 'function' | 'function-xla';

export type Asked =
  | { readonly type: 'load'; readonly mode: Mode; readonly gpu: Gpu | undefined }
  | { readonly type: 'compute'; readonly preset: PresetName; readonly size: number; readonly steps: number };

export type Told = { readonly type: 'loaded' } | ({ readonly type: 'computed'; readonly sha256: string } & Timing);

let backend: LoadedBackend;
let engine: GradientEngine | undefined;
/** What the engine was made for. */
let key = '';

serveParent<Asked, Told>({
  load: async ({ mode, gpu }) => {
    backend = await loadTensorflow({ threads: 1, mode, gpu: gpu?.index, gpuName: gpu?.name });
    if (backend.profile.mode !== mode) throw new Error(`there is no ${mode} mode on this machine`);
    return { type: 'loaded' };
  },
  compute: async ({ preset, size, steps }) => {
    const model = ganTask(presets[preset]);
    const parameters = formulaParameters(model);
    const batch = formulaMicroBatch(model, size);
    const vector = new Float32Array(model.parameters.length + model.tail.length);
    if (key !== `${preset} ${size}`) {
      engine?.dispose();
      engine = undefined;
      key = `${preset} ${size}`;
    }
    const used = (engine ??= createEngine(model, backend));
    const timing = await timed(async () => {
      for (let step = 0; step < steps; step++) {
        used.load(parameters);
        await used.gradient(batch, vector);
      }
    });
    const sha256 = createHash('sha256').update(new Uint8Array(vector.buffer)).digest('hex');
    return { type: 'computed', sha256, ...timing };
  },
});
