import { knownDataset, MNIST } from '@gradcast/dataset';
import type { Summary } from '@gradcast/testing';

export interface Picture {
  /** Samples that are shown. */
  readonly count: number;
  /** Whether each row is of one class. */
  readonly isByClass: boolean;
  /** Folder of the run's data set; null for MNIST. */
  readonly data: string | null;
}

/** What a picture is of: the command that makes the run again, images seen, time, and which samples are shown. */
export function captionOf(summary: Summary, { count, isByClass, data }: Picture): string {
  const { preset, steps, workers, seed, images, seconds, backend } = summary;
  const from = data === null ? '' : ` --data ${data}`;
  const command = `npx gradcast train --preset ${preset}${from} --steps ${steps} --workers ${workers} --seed ${seed}`;
  const length = `${images.toLocaleString('en')} images in ${(seconds / 60).toFixed(1)} minutes on ${backend}`;
  const rows = isByClass ? rowsOf(summary.dataset) : '';
  return `\`${command}\`: ${length}. The first ${count} samples of seed 0, none picked.${rows}`;
}

/** Nothing where the rows are digits, which show what they are. */
function rowsOf(dataset: string): string {
  const known = knownDataset(dataset);
  return known === undefined || known === MNIST ? '' : ` A row each: ${known.classNames.join(', ')}.`;
}
