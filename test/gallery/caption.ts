import type { Summary } from '@gradcast/testing';

/** What a picture is of: the command that makes the run again, images seen, time, and which samples are shown. */
export function captionOf(summary: Summary, count: number): string {
  const { preset, steps, workers, seed, images, seconds, backend } = summary;
  const command = `npx gradcast train --preset ${preset} --steps ${steps} --workers ${workers} --seed ${seed}`;
  const length = `${images.toLocaleString('en')} images in ${(seconds / 60).toFixed(1)} minutes on ${backend}`;
  return `\`${command}\`: ${length}. The first ${count} samples of seed 0, none picked.`;
}
