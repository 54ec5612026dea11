import type { ReadClasses } from '@gradcast/config';
import { classScores, fewestClasses } from '@gradcast/evaluate';
import type { Judge } from '@gradcast/judge';

/** One sample in twenty may be read as anything. */
const NEARLY_ALL = 0.95;

/**
 * Which classes a judge reads in samples.
 *
 * @param images `[count, 28, 28, 1]`, a byte a pixel.
 * @throws RangeError if they are no whole images, or none.
 */
export async function readClasses(judge: Pick<Judge, 'see' | 'classes'>, images: Uint8Array): Promise<ReadClasses> {
  const { scores } = await judge.see(images);
  const { shares, entropy, confidence } = classScores(scores, judge.classes);
  return { shares, entropy, confidence, holding: fewestClasses(shares, NEARLY_ALL) };
}
