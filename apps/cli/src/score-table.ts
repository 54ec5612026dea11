/** What an evaluation gives, and as a table: one row a score, the samples' beside those of real images. */
import { knownDataset } from '@gradcast/dataset';
import type { QualityScores } from '@gradcast/evaluate';

/** What was scored. */
export interface Evaluation {
  readonly source: string;
  /** Null for images from a file. */
  readonly step: number | null;
  readonly weights: 'average' | 'raw' | null;
  readonly count: number;
  readonly seed: number | null;
  readonly backend: string;
  /** SHA-256 of the data set whose judges they are, and whose images are the real ones. */
  readonly dataset: string;
  readonly judges: readonly JudgeScores[];
}

export interface JudgeScores {
  readonly judge: string;
  /** SHA-256 of its weights. */
  readonly sha256: string;
  readonly scores: QualityScores;
  /** What as many real images score. */
  readonly floor: QualityScores;
}

interface Row {
  readonly title: string;
  readonly digits: number;
  readonly of: (scores: QualityScores) => number;
  /** Which way is better, for people. */
  readonly better: string;
}

const ROWS: readonly Row[] = [
  { title: 'Fréchet distance', digits: 2, of: ({ frechet }) => frechet, better: 'lower' },
  { title: 'kernel distance', digits: 3, of: ({ kernelDistance }) => kernelDistance, better: 'lower' },
  { title: 'precision', digits: 3, of: ({ precision }) => precision, better: 'higher' },
  { title: 'recall', digits: 3, of: ({ recall }) => recall, better: 'higher' },
  { title: 'density', digits: 3, of: ({ density }) => density, better: 'higher' },
  { title: 'coverage', digits: 3, of: ({ coverage }) => coverage, better: 'higher' },
  { title: 'entropy of classes', digits: 3, of: ({ entropy }) => entropy, better: 'higher' },
  { title: 'mean confidence', digits: 3, of: ({ confidence }) => confidence, better: 'higher' },
  { title: 'nearest training image', digits: 2, of: ({ nearestTraining }) => nearestTraining, better: 'see ratio' },
  { title: 'nearest test image', digits: 2, of: ({ nearestTest }) => nearestTest, better: 'lower' },
  { title: 'ratio of both', digits: 3, of: ({ nearestRatio }) => nearestRatio, better: 'as real' },
];

/** Lines of the table, without line ends. */
export function scoreTable({ source, step, weights, count, seed, backend, dataset, judges }: Evaluation): string[] {
  const { title, classNames } = knownDataset(dataset)!;
  const drawn = step === null ? '' : ` at step ${step}, ${weights === 'average' ? 'moving average' : 'raw weights'}`;
  const points = seed === null ? '' : ` of seed ${seed}`;
  const head = ['', ...judges.flatMap(({ judge }) => [`judge ${judge}`, 'real']), 'better'];
  const body = ROWS.map(({ title, digits, of, better }) => [
    title,
    ...judges.flatMap(({ scores, floor }) => [scores, floor].map((each) => of(each).toFixed(digits))),
    better,
  ]);
  const shares = judges.map(({ judge, scores }) => {
    const each = scores.shares.map((share, label) => `${classNames[label]}: ${(100 * share).toFixed(1)} %`);
    return `classes, judge ${judge}: ${each.join('  ')}`;
  });
  const first = `${source}${drawn}, ${count} images${points}, beside ${title}, on ${backend}`;
  return [first, '', ...aligned([head, ...body]), '', ...shares];
}

function aligned(cells: readonly (readonly string[])[]): string[] {
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => {
    const last = row.length - 1;
    const line = row.map((cell, i) => (i === 0 || i === last ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
    return line.join('  ').trimEnd();
  });
}
