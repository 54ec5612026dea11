import { decodePng } from '@gradcast/dataset';
import { sampleGrid } from '@gradcast/evaluate';
import { describe, expect, it } from 'vitest';
import { canShowPictures, greyOf, gridInText } from './half-blocks.ts';

/** A grid of white 28 by 28 images, as a run draws it. */
function grid(count: number) {
  const png = sampleGrid(new Uint8Array(count * 784).fill(255), { count, shape: [28, 28, 1] });
  const { shape, pixels } = decodePng(png, 'grid');
  return greyOf(shape, pixels);
}

const plain = (line: string) => line.replaceAll(/\u001b\[[\d;]*m/g, '');

describe('a grid in text', () => {
  it('is half as large, has whole samples, and as many as fit', () => {
    const lines = gridInText(grid(64), { columns: 80, rows: 17 });
    // Five samples of 30 pixels and the edge, two by two pixels a block; two rows of them.
    expect(lines).toHaveLength(16);
    expect(new Set(lines.map((line) => plain(line).length))).toEqual(new Set([76]));
    expect(lines.every((line) => /^(\u001b\[38;5;\d+;48;5;\d+m|▀)+\u001b\[0m$/.test(line))).toBe(true);
  });

  it('shows white inside of an image and grey around it', () => {
    const [first, second] = gridInText(grid(1), { columns: 40, rows: 40 });
    // A pixel of the edge above, of the image below; then inside.
    expect(first).toContain('\u001b[38;5;238;48;5;255m');
    expect(second).toContain('\u001b[38;5;255;48;5;255m');
  });

  it('is nothing where not one sample fits', () => {
    expect(gridInText(grid(4), { columns: 10, rows: 17 })).toEqual([]);
    expect(gridInText(grid(4), { columns: 80, rows: 3 })).toEqual([]);
  });

  it('makes grey of colours', () => {
    const { pixels } = greyOf([1, 2, 3], new Uint8Array([255, 255, 255, 255, 0, 0]));
    expect([...pixels]).toEqual([255, 76]);
  });

  it.each([
    [{ TERM: 'xterm-256color', LANG: 'en_US.UTF-8' }, true],
    [{ TERM: 'xterm-256color', LANG: 'C', LC_ALL: 'C.utf8' }, true],
    [{ TERM: 'xterm-256color', LANG: 'C' }, false],
    [{ TERM: 'dumb', COLORTERM: 'truecolor', LANG: 'en_US.UTF-8' }, false],
    [{ TERM: 'vt100', LANG: 'en_US.UTF-8' }, false],
    [{ TERM: 'xterm-256color', LANG: 'en_US.UTF-8', NO_COLOR: '1' }, false],
  ])('%j', (environment, expected) => {
    expect(canShowPictures(environment)).toBe(expected);
  });
});
