/** The table, the picture and the JSON of what contestants came to. */
import { sampleGrid } from '@gradcast/evaluate';
import type { Cell } from '../harness/report.ts';
import type { Trial } from './contestants.ts';
import { PANEL } from './contestants.ts';
import { estimateOf, MEASURES, rankAlike, shown } from './scores.ts';

/** All trials of a contestant. */
export interface Outcome {
  readonly key: string;
  readonly title: string;
  readonly trials: readonly Trial[];
  /** Of its first seed, `[rows * columns, 28, 28]`. */
  readonly samples: Uint8Array;
}

/** Rows for people: each contestant, then real images. */
export function rowsOf(outcomes: readonly Outcome[]): readonly (readonly Cell[])[] {
  const head = ['', 'images', 'minutes', ...MEASURES.map(({ name }) => name)];
  const body = outcomes.map(({ title, trials }) => [
    title,
    shown(estimateOf(trials.map(({ images }) => images)), 0),
    shown(estimateOf(trials.map(({ seconds }) => seconds / 60)), 1),
    ...MEASURES.map(({ digits, of }) => shown(estimateOf(trials.map(({ judges }) => of(judges))), digits)),
  ]);
  const floors = outcomes[0].trials[0].judges.map(({ floor }) => ({ scores: floor }));
  const real = ['real images', '', '', ...MEASURES.map(({ digits, of }) => of(floors).toFixed(digits))];
  return [head, ...body, real];
}

/** Everything as data: each trial, and means and spreads over the seeds. */
export function reportOf(outcomes: readonly Outcome[]) {
  const contestants = outcomes.map(({ key, title, trials }) => ({
    key,
    title,
    trials: trials.map(({ judges, ...trial }) => ({
      ...trial,
      judges: judges.map(({ judge, scores }) => ({ judge, ...scores })),
    })),
    over: Object.fromEntries(
      MEASURES.map(({ name, of }) => [name, estimateOf(trials.map(({ judges }) => of(judges)))]),
    ),
  }));
  const floors = outcomes[0].trials[0].judges.map(({ judge, floor }) => ({ judge, ...floor }));
  return { contestants, real: floors, judgesRankAlike: rankAlike(distancesOf(outcomes)) };
}

function distancesOf(outcomes: readonly Outcome[]): readonly (readonly [number, number])[] {
  const [first, second] = MEASURES;
  return outcomes.map(({ trials }) => {
    const of = (measure: typeof first) => estimateOf(trials.map(({ judges }) => measure.of(judges))).mean;
    return [of(first), of(second)] as const;
  });
}

const SIDE = 28;
/** Pixels around a contestant's samples. */
const MARGIN = 6;
const MARGIN_GREY = 128;
/** Contestants beside each other. */
const ACROSS = 3;

/** A PNG with the samples of each contestant, three beside each other, in their order. */
export function picture(outcomes: readonly Outcome[]): Uint8Array {
  const panels = outcomes.map(({ samples }) => panel(samples));
  const [{ height, width }] = panels;
  const images = new Uint8Array(panels.length * height * width);
  for (const [place, { pixels }] of panels.entries()) images.set(pixels, place * height * width);
  return sampleGrid(images, { count: panels.length, shape: [height, width, 1], columns: ACROSS });
}

/** Samples side by side without gutters, and a margin around them. */
export function panel(samples: Uint8Array, { rows, columns } = PANEL) {
  const [height, width] = [rows * SIDE + 2 * MARGIN, columns * SIDE + 2 * MARGIN];
  const pixels = new Uint8Array(height * width).fill(MARGIN_GREY);
  for (let index = 0; index < rows * columns; index++) {
    const [top, left] = [MARGIN + Math.floor(index / columns) * SIDE, MARGIN + (index % columns) * SIDE];
    for (let row = 0; row < SIDE; row++) {
      const from = (index * SIDE + row) * SIDE;
      pixels.set(samples.subarray(from, from + SIDE), (top + row) * width + left);
    }
  }
  return { pixels, height, width };
}
