/** A process with one backend on one thread: runs whole GAN steps the way a worker does, and says how long they took. */
import { loadBackend } from '@gradcast/backends-node';
import type { Candidate, Gpu } from '@gradcast/backends-node';
import type { BackendProfile, LoadedBackend } from '@gradcast/engine';
import type { PresetName } from '@gradcast/gan';
import { serveParent } from '../harness/child.ts';
import { timed } from '../harness/timing.ts';
import type { Timing } from '../harness/timing.ts';
import { train, warm } from './warm-engine.ts';
import type { WarmEngine } from './warm-engine.ts';

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

let backend: LoadedBackend;
/** Engines by preset: each is warm after its first turn. */
const engines = new Map<PresetName, WarmEngine>();

serveParent<Asked, Told>({
  load: async ({ candidate, gpu }) => {
    backend = await loadBackend(candidate, { threads: 1, gpu });
    return { type: 'loaded', profile: backend.profile };
  },
  train: async ({ preset, images, seconds }) => {
    const engine = engines.get(preset) ?? (await warm(backend, preset, images));
    engines.set(preset, engine);
    let trained = 0;
    const timing = await timed(async () => {
      trained = await train(engine, seconds);
    });
    return { type: 'trained', images: trained, ...timing };
  },
});
