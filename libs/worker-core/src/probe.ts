/**
 * The run's probe: one micro-batch that every worker of a run makes for itself and whose gradient identifies the worker's
 * arithmetic.
 */
import type { MicroBatch, Preset } from '@gradcast/model';
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
