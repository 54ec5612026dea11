/**
 * The run's probe: one micro-batch that every worker of a run makes for itself and whose gradient, at the run's initial
 * parameters, identifies the worker's arithmetic.
 */
import { initialParameters } from '@gradcast/model';
import type { GradientEngine, MicroBatch, Model, Preset } from '@gradcast/model';
import { fillNormal, fillUniform, STREAMS } from '@gradcast/random';

/** The probe micro-batch of a run: images of random bytes, noise from the preset's distribution. */
export function probeBatch(preset: Preset, seed: number): MicroBatch {
  const [height, width, channels] = preset.image;
  const size = preset.microBatch;
  const pixels = new Float32Array(size * height * width * channels);
  fillUniform(pixels, { seed, stream: STREAMS.probe, index: 0, high: 256 });
  const noise = new Float32Array(size * preset.latent);
  const place = { seed, stream: STREAMS.probe, index: 1 };
  if (preset.noise === 'normal') fillNormal(noise, place);
  else fillUniform(noise, { ...place, low: -1, high: 1 });
  return { size, images: Uint8Array.from(pixels, (value) => Math.min(255, Math.floor(value))), noise };
}

export interface ProbeOptions {
  readonly model: Model;
  /** The run's. */
  readonly seed: number;
  /** How often it is computed. */
  readonly turns: number;
  /** Hexadecimal SHA-256. */
  readonly sha256: (bytes: Uint8Array) => Promise<string> | string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface Probe {
  /** Hexadecimal SHA-256 of gradient and tail; undefined if the turns differed, and the engine is of no use. */
  readonly hash: string | undefined;
  /** What the last turn took, in milliseconds: the first one also warms the device up. */
  readonly ms: number;
}

/** Computes the run's probe; the engine holds the run's initial parameters afterwards. */
export async function takeProbe(engine: GradientEngine, options: ProbeOptions): Promise<Probe> {
  const { model, seed, turns, sha256, now } = options;
  engine.load(initialParameters(model, seed));
  const batch = probeBatch(model.preset, seed);
  const hashes = new Set<string>();
  let ms = 0;
  for (let turn = 0; turn < turns; turn++) {
    const vector = new Float32Array(model.parameters.length + model.tail.length);
    const start = now();
    await engine.gradient(batch, vector);
    ms = now() - start;
    hashes.add(await sha256(new Uint8Array(vector.buffer)));
  }
  const [hash] = hashes;
  return { hash: hashes.size === 1 ? hash : undefined, ms };
}
