import { cp, mkdir, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEDGER, PARTS_FOLDER, compressParts, partPath, partsOf } from './parts.ts';
import type { LedgerPosition } from './record.ts';
import { rewindLedger } from './rewind.ts';
import { LedgerWriter } from './writer.ts';
import { HEADER, PIECE, inOwnFolder, linesOf, prove, run, step } from './ledger-fixture.ts';

inOwnFolder();

describe('a ledger of several parts', () => {
  const SMALL = { partBytes: 1000 };

  /** Writes so many steps in parts of two or three lines; returns the position after each. */
  async function writeParts(steps: number): Promise<LedgerPosition[]> {
    const writer = await LedgerWriter.create(run, HEADER, SMALL);
    const positions = [writer.position];
    for (let number = 1; number <= steps; number++) {
      writer.step(step(number));
      positions.push(writer.position);
    }
    await writer.close();
    return positions;
  }

  /** Opens it once more, until everything sealed is compressed. */
  async function compressed(): Promise<string[]> {
    await compressParts(run, new AbortController().signal);
    return (await readdir(join(run, PARTS_FOLDER))).sort();
  }

  it('is one chain, compressed or not, and shows a missing, damaged or exchanged part', async () => {
    const positions = await writeParts(12);
    expect((await prove()).steps).toBe(12);
    const names = await compressed();
    expect(names.length).toBeGreaterThan(3);
    expect(names.every((name) => name.endsWith('.jsonl.gz'))).toBe(true);
    expect((await prove()).steps).toBe(12);
    expect((await linesOf()).head).toBe(positions[12].head);
    const second = join(run, PARTS_FOLDER, names[1]);
    const sound = await readFile(second);
    await rename(second, `${second}.away`);
    await expect(prove()).rejects.toMatchObject({ code: 'ledger-damaged', message: /000002.jsonl is missing/ });
    await writeFile(second, sound.subarray(0, sound.length / 2));
    await expect(prove()).rejects.toMatchObject({ code: 'ledger-damaged', message: /cannot be uncompressed/ });
    await writeFile(second, await readFile(join(run, PARTS_FOLDER, names[2])));
    await expect(prove()).rejects.toMatchObject({ code: 'ledger-damaged', field: 'chain' });
    const text = gunzipSync(sound);
    await writeFile(second, gzipSync(text.subarray(0, -1)));
    await expect(prove()).rejects.toMatchObject({ code: 'ledger-damaged', field: 'length' });
  });

  it('is taken back to any checkpoint, from any state that a kill leaves', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 10 }),
        fc.boolean(),
        fc.nat(3),
        async (at, isCompressed, killedAfter) => {
          await rm(join(run, PARTS_FOLDER), { recursive: true, force: true });
          const positions = await writeParts(10);
          if (isCompressed) await compressed();
          // A kill between two removals: some of the last parts are gone already.
          const parts = await partsOf(run);
          const piece = await rewoundCopy(positions[at], at);
          if (killedAfter > 0 && parts.length - 1 > positions[at].place!.part) {
            await truncate(join(run, LEDGER), 0);
            for (const { path } of parts.slice(positions[at].place!.part, -1).slice(-killedAfter)) await rm(path);
            await mkdir(join(run, PARTS_FOLDER), { recursive: true });
            await writeFile(join(run, PIECE), piece);
          }
          const rewound = await rewindLedger(run, { ...positions[at], step: at });
          expect([...rewound.abandoned.window.keys()]).toEqual(
            Array.from({ length: 10 - at }, (_, index) => at + 1 + index),
          );
          const writer = await LedgerWriter.open(run, rewound, SMALL);
          writer.resumed(2, at);
          for (let number = at + 1; number <= 12; number++) writer.step(step(number));
          await writer.close();
          expect(await prove()).toMatchObject({ steps: 12, resumed: 1 });
          expect((await linesOf()).head).toBe(writer.position.head);
        },
      ),
      { numRuns: 40 },
    );
  });

  /** The abandoned piece that rewinding a copy of the run makes; empty if nothing is cut off. */
  async function rewoundCopy(position: LedgerPosition, at: number): Promise<Buffer> {
    const copy = `${run}-copy`;
    await cp(run, copy, { recursive: true });
    await rewindLedger(copy, { ...position, step: at });
    const piece = await readFile(join(copy, PIECE)).catch(() => Buffer.alloc(0));
    await rm(copy, { recursive: true });
    return piece;
  }

  it('goes on where a kill came between sealing a part and beginning the next', async () => {
    const positions = await writeParts(1);
    await mkdir(join(run, PARTS_FOLDER), { recursive: true });
    await rename(join(run, LEDGER), partPath(run, 1));
    const rewound = await rewindLedger(run, { ...positions[1], step: 1 });
    expect(rewound.active).toEqual({ part: 2, offset: 0 });
    const writer = await LedgerWriter.open(run, rewound, SMALL);
    writer.step(step(2));
    await writer.close();
    expect((await prove()).steps).toBe(2);
  });

  it('is not read before the place that a checkpoint names', async () => {
    const positions = await writeParts(12);
    const names = await compressed();
    // Whatever the first part holds: a resume does not look at it, and verify does.
    await writeFile(join(run, PARTS_FOLDER, names[0]), 'no gzip');
    expect((await rewindLedger(run, { ...positions[11], step: 11 })).abandoned.window.size).toBe(1);
    await expect(prove()).rejects.toMatchObject({ code: 'ledger-damaged' });
    // A checkpoint of an earlier version names no place.
    const { length, head } = positions[11];
    await expect(rewindLedger(run, { length, head, step: 11 })).rejects.toMatchObject({ code: 'ledger-damaged' });
  });
});
