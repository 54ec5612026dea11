import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastLines, LINE_BYTES, LineFollower, wholeLines } from './whole-lines.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  path = join(folder, 'lines.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

async function textsOf(from?: number): Promise<(string | null)[]> {
  const texts: (string | null)[] = [];
  for await (const lines of wholeLines(path, from)) texts.push(...lines.map(({ text }) => text));
  return texts;
}

describe('whole lines', () => {
  it('are given without the one that is not finished, from where one is told', async () => {
    await writeFile(path, 'eins\nzw\u00f6lf\n\ndrei');
    expect(await textsOf()).toEqual(['eins', 'zw\u00f6lf', '']);
    expect(await textsOf(5)).toEqual(['zw\u00f6lf', '']);
    expect(await textsOf(100)).toEqual([]);
  });

  it('lie across the pieces that are read, and one that is too long is not held', async () => {
    const long = 'x'.repeat(LINE_BYTES);
    await writeFile(path, `${long}\n${long}y\nlast\n`);
    const texts = await textsOf();
    expect(texts.map((text) => text?.length)).toEqual([LINE_BYTES, undefined, 4]);
  });

  it('end where the last of them does', async () => {
    await writeFile(path, 'a\nbc\nd');
    const ends: number[] = [];
    for await (const lines of wholeLines(path)) ends.push(...lines.map(({ end }) => end));
    expect(ends).toEqual([2, 5]);
  });
});

describe('the last lines', () => {
  it.each([
    [0, []],
    [1, []],
    [2, ['c']],
    [3, ['c']],
    [4, ['b', 'c']],
    [6, ['a', 'b', 'c']],
    [1000, ['a', 'b', 'c']],
  ])('of %i bytes', async (bytes, expected) => {
    await writeFile(path, 'a\nb\nc\n');
    expect(await lastLines(path, bytes)).toEqual(expected);
  });

  it('are none of a file that is not there', async () => {
    expect(await lastLines(path, 100)).toEqual([]);
  });
});

describe('a follower', () => {
  const next = async (follower: LineFollower) => {
    const texts: (string | null)[] = [];
    for await (const lines of follower.added()) texts.push(...lines.map(({ text }) => text));
    return texts;
  };

  it('gives each line once, when it is finished', async () => {
    const follower = new LineFollower(path);
    expect(await next(follower)).toEqual([]);
    await writeFile(path, 'a\nhal');
    expect(await next(follower)).toEqual(['a']);
    expect(await next(follower)).toEqual([]);
    await appendFile(path, 'f\n');
    expect(await next(follower)).toEqual(['half']);
  });

  it('is not misled by an unfinished line that is cut off and written otherwise', async () => {
    const follower = new LineFollower(path);
    await writeFile(path, 'a\nunfini');
    expect(await next(follower)).toEqual(['a']);
    await truncate(path, 2);
    await appendFile(path, 'b\n');
    expect(await next(follower)).toEqual(['b']);
  });

  it('begins anew with a file that takes the place of another, and with one that became shorter', async () => {
    const follower = new LineFollower(path);
    await writeFile(path, 'a\nb\n');
    expect(await next(follower)).toEqual(['a', 'b']);
    await writeFile(`${path}.new`, 'a\nb\nc\nd\n');
    await rename(`${path}.new`, path);
    expect(await next(follower)).toEqual(['a', 'b', 'c', 'd']);
    await truncate(path, 0);
    await appendFile(path, 'e\n');
    expect(await next(follower)).toEqual(['e']);
  });
});
