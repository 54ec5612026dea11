import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FullDisk } from './full-disk.ts';
import { coverFault } from './ledger-cover.ts';
import { proveLedger } from './ledger-proof.ts';
import { ABANDONED_LEDGER, LEDGER, readLedger, readLines } from './ledger-reader.ts';
import { firstDifference, LEDGER_FORMAT } from './ledger-record.ts';
import type { HeaderLine, LedgerPosition, StepLine } from './ledger-record.ts';
import { rewindLedger } from './ledger-rewind.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { MAX_BACKLOG_BYTES } from './line-file.ts';

let run = '';
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'gradcast-ledger-'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

/** Steps of 4 x 2 samples out of 10. */
const HEADER: HeaderLine = {
  kind: 'header',
  format: LEDGER_FORMAT,
  run: 'r',
  preset: 'tiny',
  seed: 3,
  microBatchSize: 2,
  microBatches: 4,
  learningRate: 0.0002,
  codec: 'f32',
  dataset: 'a'.repeat(64),
  samples: 10,
};

const fingerprint = (step: number, salt = 0) => (step * 16 + salt).toString(16).padStart(32, '0');
const results = (worker: string) => [
  { start: 0, size: 2, worker, outcome: 'accepted', ms: 12.5 },
  { start: 2, size: 2, worker: 'b', outcome: 'accepted', ms: 13 },
];
const step = (number: number, changes: Partial<StepLine> = {}): StepLine => ({
  kind: 'step',
  step: number,
  outcome: 'closed',
  from: (number - 1) * 8,
  to: number * 8,
  results: results(`w-é-${number}`),
  profiles: ['0123456789abcdef'],
  average: fingerprint(number, 1),
  state: fingerprint(number, 2),
  ...changes,
});

/** Writes a ledger of so many steps; returns its position after each, the header's first. */
async function write(steps: number): Promise<LedgerPosition[]> {
  const writer = await LedgerWriter.create(run, HEADER);
  const positions = [writer.position];
  for (let number = 1; number <= steps; number++) {
    writer.step(step(number));
    positions.push(writer.position);
  }
  await writer.close();
  return positions;
}

const bytesOf = (name = LEDGER) => readFile(join(run, name));

describe('a ledger', () => {
  it('is read as it was written, and counts every sample', async () => {
    const positions = await write(5);
    const ledger = await readLedger(run);
    expect(ledger.header).toMatchObject(HEADER);
    expect(ledger.lines.slice(1).map(({ line }) => line)).toMatchObject([1, 2, 3, 4, 5].map((each) => step(each)));
    expect(ledger.lines.map(({ chain }) => chain)).toEqual(positions.map(({ head }) => head));
    expect(proveLedger(ledger)).toEqual({
      steps: 5,
      skipped: 0,
      resumed: 0,
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
    await expect(readLedger(run)).rejects.toMatchObject({ code: 'ledger-damaged', line: 3, field: 'chain' });
    await expect(readLedger(run)).rejects.toThrow('ledger.jsonl is damaged: line 3 is not what was written after');
    await expect(readLedger(join(run, 'no'))).rejects.toMatchObject({ code: 'ledger-missing' });
    await writeFile(join(run, LEDGER), '');
    await expect(readLedger(run)).rejects.toMatchObject({ code: 'ledger-damaged', line: 1 });
  });

  it('takes a last line without its newline for one that was never finished', async () => {
    await write(2);
    await appendFile(join(run, LEDGER), '{"kind":"step","step":3');
    const ledger = await readLedger(run);
    expect(ledger.unfinished).toBe(true);
    expect(proveLedger(ledger).steps).toBe(2);
  });
});

describe('proveLedger', () => {
  const proof = async (...lines: readonly StepLine[]) => {
    const writer = await LedgerWriter.create(run, HEADER);
    for (const line of lines) writer.step(line);
    await writer.close();
    return proveLedger(await readLedger(run));
  };
  const cases: [name: string, line: StepLine, field: string, sentence: RegExp][] = [
    ['a step twice', step(1), 'step', /line 3 \(step\): step 1 where step 2 belongs/],
    ['a step left out', step(3), 'step', /step 3 where step 2 belongs/],
    ['a range that overlaps', step(2, { from: 7 }), 'from', /begins at position 7, not 8/],
    ['a range that is too long', step(2, { to: 17 }), 'to', /ends at position 17, not 16/],
    ['a skipped step with an average', step(2, { outcome: 'skipped' }), 'average', /says otherwise/],
    ['a leaf nobody computed', step(2, { results: results('a').slice(0, 1) }), 'results', /no result for leaf 2/],
  ];
  it.each(cases)('refuses %s', async (_, line, field, sentence) => {
    const refused = proof(step(1), line);
    await expect(refused).rejects.toMatchObject({ code: 'ledger-order', line: 3, field });
    await expect(refused).rejects.toThrow(sentence);
  });

  it('counts skipped steps, whole epochs and the tail', async () => {
    expect(await proof(step(1), step(2, { outcome: 'skipped', average: null }))).toMatchObject({
      skipped: 1,
      positions: 16,
      wholeEpochs: 1,
      tail: 6,
    });
  });
});

describe('coverFault', () => {
  const result = (start: number, size: number, outcome = 'accepted') => ({ start, size, worker: 'w', outcome, ms: 1 });
  it('takes any exact cover, late results beside it, and a larger result in place of smaller ones', () => {
    expect(coverFault([result(0, 4)], 4)).toBeUndefined();
    expect(coverFault([result(2, 2), result(0, 1), result(0, 2, 'late'), result(1, 1)], 4)).toBeUndefined();
    expect(coverFault([result(0, 1), result(0, 4)], 4)).toBeUndefined();
  });

  it('takes a result that was held back where nothing else covers its leaves', () => {
    expect(coverFault([result(0, 2, 'suspect'), result(2, 2)], 4)).toBeUndefined();
    expect(coverFault([result(0, 2, 'suspect'), result(0, 2), result(2, 2, 'held')], 4)).toBeUndefined();
    expect(coverFault([result(0, 2, 'refused'), result(2, 2)], 4)).toBe('has no result for leaf 0');
  });

  it('refuses leaves counted twice and subtrees that are none', () => {
    expect(coverFault([result(0, 4), result(2, 1)], 4)).toBe('counts leaves 2 twice');
    expect(coverFault([result(1, 2), result(0, 4)], 4)).toMatch('leaves 1 to 2, which are no subtree of 4 leaves');
    expect(coverFault([result(4, 4)], 4)).toMatch('no subtree');
  });
});

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
          await rm(join(run, ABANDONED_LEDGER), { force: true });
          const position = { ...positions[checkpoint], step: checkpoint };
          const first = await rewindLedger(run, position);
          if (interrupted) {
            // Killed after the lines were copied, before the ledger was cut.
            const abandoned = await bytesOf(ABANDONED_LEDGER).catch(() => undefined);
            await writeFile(join(run, LEDGER), bytes);
            expect(await rewindLedger(run, position)).toEqual(first);
            expect(await bytesOf(ABANDONED_LEDGER).catch(() => undefined)).toEqual(abandoned);
          }
          expect(first).toMatchObject({ length, head, bytes: kept });
          expect(await bytesOf()).toEqual(whole.subarray(0, kept));
          const wholeSteps = lines.filter(({ end }) => end > kept && end <= bytes.length);
          expect([...first.abandoned.keys()]).toEqual(wholeSteps.map((_, index) => checkpoint + 1 + index));
          for (const [number, line] of first.abandoned) expect(line).toMatchObject(step(number));
          const again = await LedgerWriter.open(run, first);
          again.resumed(2, checkpoint);
          again.step(step(checkpoint + 1));
          await again.close();
          expect(proveLedger(await readLedger(run))).toMatchObject({ steps: checkpoint + 1, resumed: 1 });
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
    expect(second.abandoned.get(2)!.state).toBe(fingerprint(9));
    expect(second.abandoned.get(3)).toMatchObject(step(3));
    expect(firstDifference(step(2), second.abandoned.get(2)!)).toBe('state');
    expect(firstDifference(step(2), step(2, { results: results('other'), profiles: [] }))).toBeUndefined();
    const abandoned = (await bytesOf(ABANDONED_LEDGER)).toString('utf8');
    await writeFile(join(run, ABANDONED_LEDGER), abandoned.replace('"step":3', '"step":4'));
    expect([...(await rewindLedger(run, { ...positions[1], step: 1 })).abandoned.keys()]).toEqual([2]);
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
    await expect(rewindLedger(run, { ...positions[3], step: 3 })).rejects.toMatchObject({ line: 3, field: 'chain' });
    // What lies behind the checkpoint may be anything.
    expect((await rewindLedger(run, { ...positions[1], step: 1 })).abandoned.size).toBe(0);
  });
});

describe('a full disk', () => {
  it('costs no line if there is room again before memory is full', async () => {
    const disk = new FullDisk(join(run, LEDGER), 1000);
    const failed: string[] = [];
    const events = { failed: (error: Error) => failed.push(error.message), written: () => undefined };
    const writer = await LedgerWriter.create(run, HEADER, { open: disk.open, events });
    for (let number = 1; number <= 50; number++) writer.step(step(number));
    await expect(writer.sync()).rejects.toMatchObject({ code: 'out-not-writable' });
    expect(failed.at(-1)).toMatch(/ENOSPC/);
    disk.room = Infinity;
    await writer.sync();
    await writer.close();
    const ledger = await readLedger(run);
    expect(proveLedger(ledger).steps).toBe(50);
    expect(writer.position).toEqual({ length: 51, head: ledger.lines.at(-1)!.chain });
  });

  it('leaves a gap that is told if memory is full too', async () => {
    const disk = new FullDisk(join(run, LEDGER), 1000);
    const writer = await LedgerWriter.create(run, HEADER, { open: disk.open });
    const long = step(1, { profiles: ['x'.repeat(MAX_BACKLOG_BYTES / 2)] });
    for (let number = 1; number <= 4; number++) writer.step({ ...long, ...step(number), profiles: long.profiles });
    await expect(writer.sync()).rejects.toMatchObject({ code: 'out-not-writable' });
    disk.room = Infinity;
    await writer.sync();
    writer.step(step(5));
    await writer.close();
    const ledger = await readLedger(run);
    expect(ledger.lines.map(({ line }) => line.kind)).toEqual(['header', 'step', 'step', 'gap', 'step']);
    expect(writer.position.length).toBe(5);
    expect(() => proveLedger(ledger)).toThrow(/line 4 \(kind\): the lines of steps 3 to 4 were lost/);
  });
});
