import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEDGER, PARTS_FOLDER } from './parts.ts';
import { firstDifference } from './record.ts';
import { rewindLedger } from './rewind.ts';
import { LedgerWriter } from './writer.ts';
import {
  PIECE,
  bytesOf,
  fingerprint,
  inOwnFolder,
  prove,
  readLines,
  results,
  run,
  step,
  write,
} from './ledger-fixture.ts';

inOwnFolder();

describe('rewinding', () => {
  it('moves the lines behind any checkpoint, however often it is killed and done again', async () => {
    const positions = await write(5);
    const whole = await bytesOf();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: whole.length }),
        fc.boolean(),
        async (checkpoint, torn, interrupted) => {
          const { length, head } = positions[checkpoint];
          const { lines } = readLines(whole);
          const kept = lines[length - 1].end;
          // A kill tears the file anywhere behind what the checkpoint made sure of.
          const bytes = whole.subarray(0, Math.max(kept, torn));
          await writeFile(join(run, LEDGER), bytes);
          await rm(join(run, PARTS_FOLDER), { recursive: true, force: true });
          const position = { ...positions[checkpoint], step: checkpoint };
          const first = await rewindLedger(run, position);
          if (interrupted) {
            // Killed after the lines were copied, before the ledger was cut.
            const abandoned = await bytesOf(PIECE).catch(() => undefined);
            await writeFile(join(run, LEDGER), bytes);
            expect(await rewindLedger(run, position)).toEqual(first);
            expect(await bytesOf(PIECE).catch(() => undefined)).toEqual(abandoned);
            expect(await readdir(join(run, PARTS_FOLDER)).catch(() => [])).toHaveLength(abandoned ? 1 : 0);
          }
          expect(first).toMatchObject({
            length,
            head,
            place: { part: 1, offset: kept },
            active: { part: 1, offset: kept },
          });
          expect(await bytesOf()).toEqual(whole.subarray(0, kept));
          const wholeSteps = lines.filter(({ end }) => end > kept && end <= bytes.length);
          expect([...first.abandoned.window.keys()]).toEqual(wholeSteps.map((_, index) => checkpoint + 1 + index));
          for (const [number, line] of first.abandoned.window) expect(step(number)).toMatchObject(line);
          const again = await LedgerWriter.open(run, first);
          again.resumed(2, checkpoint);
          again.step(step(checkpoint + 1));
          await again.close();
          expect(await prove()).toMatchObject({ steps: checkpoint + 1, resumed: 1 });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps every attempt, compares with the newest, and ignores damaged ones', async () => {
    const positions = await write(3);
    const first = await rewindLedger(run, { ...positions[1], step: 1 });
    const writer = await LedgerWriter.open(run, first);
    writer.resumed(2, 1);
    writer.step(step(2, { state: fingerprint(9) }));
    await writer.close();
    const second = await rewindLedger(run, { ...positions[1], step: 1 });
    const before = second.abandoned.window;
    expect(before.get(2)!.state).toBe(fingerprint(9));
    expect(step(3)).toMatchObject(before.get(3)!);
    expect(firstDifference(step(2), before.get(2)!)).toBe('state');
    expect(firstDifference(step(2), step(2, { results: results('other'), profiles: [] }))).toBeUndefined();
    const { length, head } = positions[1];
    const sealed = gunzipSync(await bytesOf(PIECE)).toString('utf8');
    await writeFile(join(run, PIECE), gzipSync(sealed.replace('"step":3', '"step":4')));
    expect([...(await rewindLedger(run, { length, head, step: 1 })).abandoned.window.keys()]).toEqual([2]);
  });

  it('reads the pieces that earlier versions kept in one file, several of one cut among them', async () => {
    const positions = await write(3);
    await rewindLedger(run, { ...positions[1], step: 1 });
    const piece = gunzipSync(await bytesOf(PIECE)).toString('utf8');
    await rm(join(run, PIECE));
    await writeFile(join(run, 'ledger.abandoned.jsonl'), piece.split('\n').slice(0, 2).join('\n') + '\n' + piece);
    const { abandoned } = await rewindLedger(run, { ...positions[1], step: 1 });
    expect([...abandoned.window.keys()]).toEqual([2, 3]);
  });

  it('refuses a ledger that is shorter than the checkpoint says, or another one', async () => {
    const positions = await write(3);
    await expect(rewindLedger(run, { length: 6, head: positions[3].head, step: 5 })).rejects.toMatchObject({
      code: 'ledger-damaged',
      line: 5,
      field: 'length',
    });
    await expect(rewindLedger(run, { length: 3, head: positions[3].head, step: 2 })).rejects.toThrow(
      /line 3 is not the one that the checkpoint of step 2 speaks of/,
    );
    const text = (await bytesOf()).toString('utf8');
    await writeFile(join(run, LEDGER), text.replace('"to":16', '"to":17'));
    const { length, head } = positions[3];
    await expect(rewindLedger(run, { length, head, step: 3 })).rejects.toMatchObject({ line: 3, field: 'chain' });
    // What lies behind the checkpoint may be anything.
    expect((await rewindLedger(run, { ...positions[1], step: 1 })).abandoned.window.size).toBe(0);
  });
});
