import { appendFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEDGER } from './parts.ts';
import { openLedger } from './reader.ts';
import { HEADER, bytesOf, inOwnFolder, linesOf, prove, readLines, run, step, write } from './ledger-fixture.ts';

inOwnFolder();

describe('a ledger', () => {
  it('is read as it was written, and counts every sample', async () => {
    const positions = await write(5);
    const ledger = await linesOf();
    expect((await openLedger(run)).header).toMatchObject(HEADER);
    expect(ledger.lines.slice(1).map(({ line }) => line)).toMatchObject([1, 2, 3, 4, 5].map((each) => step(each)));
    expect(ledger.lines.map(({ chain }) => chain)).toEqual(positions.map(({ head }) => head));
    expect(await prove()).toEqual({
      steps: 5,
      skipped: 0,
      accepted: 0,
      resumed: 0,
      distrusted: { first: [], count: 0 },
      positions: 40,
      samples: 10,
      wholeEpochs: 4,
      tail: 0,
    });
  });

  it('shows every flipped bit at its line', async () => {
    await write(4);
    const sound = await bytesOf();
    const ends = readLines(sound).lines.map(({ end }) => end);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: sound.length - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const bytes = Buffer.from(sound);
        bytes[at] ^= 1 << bit;
        const { lines, fault, unfinished } = readLines(bytes);
        expect(lines).toHaveLength(ends.findIndex((end) => at < end));
        // Without its newline the last line is one that was never finished.
        if (at === sound.length - 1) expect(fault !== undefined || unfinished).toBe(true);
        else expect(fault).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  it('shows every removed, repeated, swapped or inserted line', async () => {
    await write(6);
    const lines = (await bytesOf()).toString('utf8').split('\n').slice(0, -1);
    const index = fc.integer({ min: 0, max: lines.length - 1 });
    const edits = fc.oneof(
      fc.tuple(fc.constant('remove' as const), fc.integer({ min: 0, max: lines.length - 2 }), index),
      fc.tuple(fc.constantFrom('repeat' as const, 'swap' as const), index, index),
    );
    fc.assert(
      fc.property(edits, ([kind, at, other]) => {
        fc.pre(kind !== 'swap' || at !== other);
        const edited = [...lines];
        if (kind === 'remove') edited.splice(at, 1);
        if (kind === 'repeat') edited.splice(other, 0, lines[at]);
        if (kind === 'swap') [edited[at], edited[other]] = [edited[other], edited[at]];
        const first = edited.findIndex((line, place) => line !== lines[place]);
        const read = readLines(Buffer.from(edited.map((line) => `${line}\n`).join('')));
        expect(read.fault).toBeDefined();
        expect(read.lines).toHaveLength(first);
      }),
    );
  });

  it('names the damaged line, or says that there is no ledger', async () => {
    await write(3);
    const text = (await bytesOf()).toString('utf8');
    await writeFile(join(run, LEDGER), text.replace('"step":2', '"step":9'));
    await expect(linesOf()).rejects.toMatchObject({ code: 'ledger-damaged', line: 3, field: 'chain' });
    await expect(linesOf()).rejects.toThrow('ledger.jsonl is damaged: line 3 is not what was written after');
    await expect(openLedger(join(run, 'no'))).rejects.toMatchObject({ code: 'ledger-missing' });
    await writeFile(join(run, LEDGER), '');
    await expect(openLedger(run)).rejects.toMatchObject({ code: 'ledger-damaged', line: 1 });
  });

  it('takes a last line without its newline for one that was never finished', async () => {
    await write(2);
    await appendFile(join(run, LEDGER), '{"kind":"step","step":3');
    expect((await linesOf()).unfinished).toBe(true);
    expect((await prove()).steps).toBe(2);
  });
});

describe('a ledger of more than 2 GiB', () => {
  it('is read, not called missing', async () => {
    await write(3);
    const { size } = await stat(join(run, LEDGER));
    await truncate(join(run, LEDGER), 2.5 * 2 ** 30);
    await expect(linesOf()).rejects.toMatchObject({ code: 'ledger-damaged', line: 5, field: 'length' });
    await truncate(join(run, LEDGER), size);
    expect((await prove()).steps).toBe(3);
  });
});
