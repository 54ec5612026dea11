/** A process with one backend on one thread: runs whole GAN steps the way a worker does, and says how long they took. */
import { loadBackend, loadWebgpu } from '@gradcast/backends-node';
import type { Candidate, Gpu } from '@gradcast/backends-node';
import type { BackendProfile, DeviceEvent, LoadedBackend } from '@gradcast/engine';
import type { PresetName } from '@gradcast/gan';
import { serveParent } from '../harness/child.ts';
import { timed } from '../harness/timing.ts';
import type { Timing } from '../harness/timing.ts';
import { watchStep } from './device-calls.ts';
import type { DeviceCalls } from './device-calls.ts';
import { train, warm } from './warm-engine.ts';
import type { WarmEngine } from './warm-engine.ts';

/** What is trained. */
export interface Case {
  readonly preset: PresetName;
  /** Of a micro-batch; the preset's own if undefined. */
  readonly images: number | undefined;
}

export type Asked =
  /** `webgpu-tfjs` is WebGPU without plans: op by op, by the kernels of tfjs. */
  | { readonly type: 'load'; readonly way: Candidate | 'webgpu-tfjs'; readonly gpu: Gpu | undefined }
  | ({ readonly type: 'train'; readonly seconds: number } & Case)
  /** What a step asks of a WebGPU device, so many times. */
  | ({ readonly type: 'watch'; readonly steps: number } & Case);

export type Told =
  | { readonly type: 'loaded'; readonly profile: BackendProfile }
  | ({ readonly type: 'trained'; readonly images: number } & Timing)
  | { readonly type: 'watched'; readonly steps: readonly DeviceCalls[] };

let backend: LoadedBackend;
/** Engines by preset and size: each is warm after its first turn. */
const engines = new Map<string, WarmEngine>();

async function engineOf({ preset, images }: Case): Promise<WarmEngine> {
  const key = `${preset} ${images}`;
  const engine = engines.get(key) ?? (await warm(backend, preset, images));
  engines.set(key, engine);
  return engine;
}

serveParent<Asked, Told>({
  load: async ({ way, gpu }) => {
    const tuning = { mode: 'once', started: performance.timeOrigin } as const;
    const tell = ({ sentence }: DeviceEvent) => void process.stderr.write(`${sentence}\n`);
    backend = await (way === 'webgpu-tfjs'
      ? loadWebgpu({ plans: false })
      : loadBackend(way, { threads: 1, gpu, tuning, tell }));
    return { type: 'loaded', profile: backend.profile };
  },
  train: async ({ seconds, ...wanted }) => {
    const engine = await engineOf(wanted);
    let trained = 0;
    const timing = await timed(async () => {
      trained = await train(engine, seconds);
    });
    return { type: 'trained', images: trained, ...timing };
  },
  watch: async ({ steps, ...wanted }) => {
    const { step } = await engineOf(wanted);
    const seen: DeviceCalls[] = [];
    while (seen.length < steps) seen.push(await watchStep(step));
    return { type: 'watched', steps: seen };
  },
});
