/** Ledgers for tests: a small run's header and steps, written into a folder of the test's own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { ChainedLines } from './lines.ts';
import type { ReadLine } from './lines.ts';
import { LEDGER, PARTS_FOLDER } from './parts.ts';
import { proveLedger } from './proof.ts';
import { openLedger, readLedger } from './reader.ts';
import { LEDGER_FORMAT } from './record.ts';
import type { HeaderLine, LedgerPosition, StepLine } from './record.ts';
import { LedgerWriter } from './writer.ts';

/** The folder of the present test's run. */
export let run = '';

/** Gives each test of a file an empty folder. */
export function inOwnFolder(): void {
  beforeEach(async () => {
    run = await mkdtemp(join(tmpdir(), 'gradcast-ledger-'));
  });
  afterEach(() => rm(run, { recursive: true, force: true }));
}

/** Steps of 4 x 2 samples out of 10. */
export const HEADER: HeaderLine = {
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

export const fingerprint = (step: number, salt = 0) => (step * 16 + salt).toString(16).padStart(32, '0');
export const results = (worker: string) => [
  { start: 0, size: 2, worker, outcome: 'accepted', ms: 12.5 },
  { start: 2, size: 2, worker: 'b', outcome: 'accepted', ms: 13 },
];
export const step = (number: number, changes: Partial<StepLine> = {}): StepLine => ({
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
export async function write(steps: number): Promise<LedgerPosition[]> {
  const writer = await LedgerWriter.create(run, HEADER);
  const positions = [writer.position];
  for (let number = 1; number <= steps; number++) {
    writer.step(step(number));
    positions.push(writer.position);
  }
  await writer.close();
  return positions;
}

export const bytesOf = (name = LEDGER) => readFile(join(run, name));

/** All lines of a ledger. */
export async function linesOf() {
  const lines: ReadLine[] = [];
  const end = await readLedger(run, (line) => lines.push(line));
  return { lines, ...end };
}

/** Lines of some bytes, taken a few at a time. */
export function readLines(bytes: Buffer, chunk = 100_000) {
  const chained = new ChainedLines();
  const lines: ReadLine[] = [];
  for (let start = 0; start < bytes.length; start += chunk)
    lines.push(...chained.take(bytes.subarray(start, start + chunk)));
  return { lines, fault: chained.fault, unfinished: chained.unfinished };
}

export const prove = async () => (await proveLedger(await openLedger(run))).proof;

/** The first piece of lines that a rewound ledger keeps. */
export const PIECE = join(PARTS_FOLDER, 'abandoned-000001.jsonl.gz');
