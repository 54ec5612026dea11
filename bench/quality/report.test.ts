import { describe, expect, test } from 'vitest';
import { lengthFlags, PANEL } from './contestants.ts';
import type { Trial } from './contestants.ts';
import { EXAMPLE_SCORES } from './example-scores.ts';
import { panel, picture, reportOf, rowsOf } from './report.ts';
import type { Outcome } from './report.ts';

const scoresOf = (frechet: number) => ({ ...EXAMPLE_SCORES, frechet });

function trial(seed: number, frechet: number): Trial {
  const judges = [0, 1].map((judge) => ({
    judge: `${judge}`,
    scores: scoresOf(frechet + judge),
    floor: scoresOf(2 + judge),
  }));
  return { seed, images: 1000, steps: 10, seconds: 90, judges };
}

const samples = new Uint8Array(PANEL.rows * PANEL.columns * 784).fill(200);
const outcomes: readonly Outcome[] = [
  { key: 'mnist', title: 'Gradcast mnist', trials: [trial(1, 20), trial(2, 24)], samples },
  { key: 'pytorch', title: 'PyTorch', trials: [trial(1, 50), trial(2, 60)], samples },
];

test('the table has means and spreads, and real images last', () => {
  const [head, ours, theirs, real] = rowsOf(outcomes);
  expect(head.slice(0, 5)).toEqual(['', 'images', 'minutes', 'Fréchet, judge 0', 'judge 1']);
  expect(ours.slice(0, 5)).toEqual(['Gradcast mnist', '1000 ± 0', '1.5 ± 0.0', '22.0 ± 2.8', '23.0 ± 2.8']);
  expect(theirs[3]).toBe('55.0 ± 7.1');
  expect(real.slice(0, 5)).toEqual(['real images', '', '', '2.0', '3.0']);
  for (const row of [ours, theirs, real]) expect(row).toHaveLength(head.length);
});

test('the report has every trial, the floors, and whether the judges agree', () => {
  const { contestants, real, judgesRankAlike } = reportOf(outcomes);
  expect(contestants.map(({ key, trials }) => [key, trials.map(({ seed }) => seed)])).toEqual([
    ['mnist', [1, 2]],
    ['pytorch', [1, 2]],
  ]);
  expect(contestants[0].trials[0].judges[1]).toMatchObject({ judge: '1', frechet: 21 });
  expect(contestants[0].over['Fréchet, judge 0']).toEqual({ mean: 22, spread: Math.sqrt(8) });
  expect(real[0]).toMatchObject({ judge: '0', frechet: 2 });
  expect(judgesRankAlike).toBe(true);
});

describe('the picture', () => {
  test('has samples in rows, edge to edge, and a margin', () => {
    const images = Uint8Array.from({ length: 4 * 784 }, (_, index) => Math.floor(index / 784) + 1);
    const { pixels, height, width } = panel(images, { rows: 2, columns: 2 });
    expect([height, width]).toEqual([68, 68]);
    const at = (row: number, column: number) => pixels[row * width + column];
    expect([at(5, 6), at(6, 6), at(33, 33), at(6, 34), at(34, 6), at(61, 61), at(62, 61)]).toEqual([
      128, 1, 1, 2, 3, 4, 128,
    ]);
  });

  test('has the contestants beside each other', () => {
    const png = picture(outcomes);
    // Width and height lead the IHDR chunk.
    const header = new DataView(png.buffer, png.byteOffset + 16, 8);
    expect([header.getUint32(0), header.getUint32(4)]).toEqual([
      2 * (PANEL.columns * 28 + 12) + 6,
      PANEL.rows * 28 + 12 + 4,
    ]);
  });
});

test('a length in minutes is a time, one in images so many steps of the preset', () => {
  expect(lengthFlags('classic', { minutes: 0.2 })).toEqual(['--for', '12s']);
  expect(lengthFlags('classic', { images: 65 })).toEqual(['--steps', '3']);
  expect(lengthFlags('tutorial', { images: 512 })).toEqual(['--steps', '2']);
});
