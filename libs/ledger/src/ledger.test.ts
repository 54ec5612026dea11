import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FullDisk } from '@gradcast/files/testing';
import { coverFault } from './cover.ts';
import { proveLedger } from './proof.ts';
import { ChainedLines } from './lines.ts';
import type { ReadLine } from './lines.ts';
import { compressParts, LEDGER, partPath, partsOf, PARTS_FOLDER } from './parts.ts';
import { openLedger, readLedger } from './reader.ts';
import { firstDifference, LEDGER_FORMAT } from './record.ts';
import type { HeaderLine, LedgerPosition, StepLine } from './record.ts';
import { rewindLedger } from './rewind.ts';
import { LedgerWriter } from './writer.ts';
import { MAX_BACKLOG_BYTES } from '@gradcast/files';
import type { LineTarget } from '@gradcast/files';

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

/** All lines of a ledger. */
async function linesOf() {
  const lines: ReadLine[] = [];
  const end = await readLedger(run, (line) => lines.push(line));
  return { lines, ...end };
}

/** Lines of some bytes, taken a few at a time. */
function readLines(bytes: Buffer, chunk = 100_000) {
  const chained = new ChainedLines();
  const lines: ReadLine[] = [];
  for (let start = 0; start < bytes.length; start += chunk)
    lines.push(...chained.take(bytes.subarray(start, start + chunk)));
  return { lines, fault: chained.fault, unfinished: chained.unfinished };
}

const prove = async () => (await proveLedger(await openLedger(run))).proof;

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

describe('proveLedger', () => {
  const proof = async (...lines: readonly StepLine[]) => {
    const writer = await LedgerWriter.create(run, HEADER);
    for (const line of lines) writer.step(line);
    await writer.close();
    return prove();
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

const PIECE = join(PARTS_FOLDER, 'abandoned-000001.jsonl.gz');

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
    expect((await prove()).steps).toBe(50);
    expect(writer.position).toMatchObject({ length: 51, head: (await linesOf()).head });
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
    expect((await linesOf()).lines.map(({ line }) => line.kind)).toEqual(['header', 'step', 'step', 'gap', 'step']);
    expect(writer.position.length).toBe(5);
    await expect(prove()).rejects.toThrow(/line 4 \(kind\): the lines of steps 3 to 4 were lost/);
  });
});

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

describe('a failed sync', () => {
  it('is not made good by one that succeeds: what it lost is written again', async () => {
    const disk = new ForgetfulDisk();
    const writer = await LedgerWriter.create(run, HEADER, { open: () => Promise.resolve(disk) });
    writer.step(step(1));
    disk.failsNext = true;
    await expect(writer.sync()).rejects.toMatchObject({ code: 'out-not-writable' });
    await writer.sync();
    writer.step(step(2));
    await writer.sync();
    await writeFile(join(run, LEDGER), disk.safe);
    expect((await prove()).steps).toBe(2);
    await writer.close();
  });
});

/** Keeps what a sync made safe; a sync that fails forgets what was written since, and later ones do not bring it back. */
class ForgetfulDisk implements LineTarget {
  safe = Buffer.alloc(0);
  failsNext = false;
  #dirty: { bytes: Buffer; position: number }[] = [];

  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }> {
    this.#dirty.push({ bytes: Buffer.from(bytes.subarray(offset, offset + length)), position });
    return Promise.resolve({ bytesWritten: length });
  }

  datasync(): Promise<void> {
    const dirty = this.#dirty;
    this.#dirty = [];
    if (this.failsNext) {
      this.failsNext = false;
      return Promise.reject(Object.assign(new Error('broken'), { code: 'EIO' }));
    }
    for (const { bytes, position } of dirty) {
      const grown = Buffer.alloc(Math.max(this.safe.length, position + bytes.length));
      this.safe.copy(grown);
      bytes.copy(grown, position);
      this.safe = grown;
    }
    return Promise.resolve();
  }

  truncate(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
