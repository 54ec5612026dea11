/**
 * Noise that samples are drawn from. It depends on the preset and a seed alone, so the grids of a run show the same
 * points of the latent space step after step, and anyone can draw them again.
 */
import type { Preset } from '@gradcast/model';
import { STREAMS } from '@gradcast/random';
import { fillNoise } from '@gradcast/task';

/** Samples over which a generator's BatchNorm statistics are taken before it draws. */
export const REFERENCE_SAMPLES = 512;

/** Every generator is measured on the same noise, whatever the seed of its run. */
const REFERENCE_SEED = 0;

/**
 * Noise of the first `count` samples of a seed; asking for more gives the same ones first.
 *
 * @returns `[count, latent]`.
 * @throws RandomError if the seed is no unsigned integer below 2^53.
 */
export function sampleNoise(preset: Preset, { count, seed }: { count: number; seed: number }): Float32Array {
  return drawn(preset, count, { seed, stream: STREAMS.samples });
}

/** The fixed noise for BatchNorm statistics, `[512, latent]`. */
export function referenceNoise(preset: Preset): Float32Array {
  return drawn(preset, REFERENCE_SAMPLES, { seed: REFERENCE_SEED, stream: STREAMS.reference });
}

function drawn(preset: Preset, count: number, place: { seed: number; stream: number }): Float32Array {
  const noise = new Float32Array(count * preset.latent);
  fillNoise(preset.noise, noise, place);
  return noise;
}
