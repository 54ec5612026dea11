/**
 * Takes a ledger back to a checkpoint. Lines behind it are not thrown away: they move to `ledger.abandoned.jsonl`, so
 * that the steps, done again, can be held against them.
 *
 * A kill at any instant loses nothing provable: the abandoned file is replaced whole, with the moved lines in it, before
 * the ledger is cut, and doing it once more changes nothing. Each moved piece follows a line that says where it was cut
 * off, which makes its chain checkable still.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from './atomic.ts';
import { LedgerError, RunError, systemCode } from './errors.ts';
import { ABANDONED_LEDGER, assertPosition, LEDGER, readLedgerBytes, readLines } from './ledger-reader.ts';
import type { LedgerPosition, StepLine } from './ledger-record.ts';

/** Where a ledger was cut: what follows was written behind this position. */
interface Cut extends LedgerPosition {
  readonly kind: 'cut';
}

/** A ledger at a checkpoint. */
export interface RewoundLedger extends LedgerPosition {
  /** Length of the file. */
  readonly bytes: number;
  /** What later steps were like when they were first done, by step; the newest attempt at each. */
  readonly abandoned: ReadonlyMap<number, StepLine>;
}

/**
 * Cuts a run's ledger at the position of a checkpoint.
 *
 * @param position what the checkpoint of `step` says of the ledger.
 * @throws LedgerError `ledger-missing`, or `ledger-damaged` if the ledger never was at that position; RunError
 *   `out-not-writable`.
 */
export async function rewindLedger(
  run: string,
  position: LedgerPosition & { readonly step: number },
): Promise<RewoundLedger> {
  const { length, head, step } = position;
  const path = join(run, LEDGER);
  const bytes = await readLedgerBytes(run);
  const read = readLines(bytes);
  assertPosition(path, read, { length, head, of: `the checkpoint of step ${step}` });
  const { end } = read.lines[length - 1];
  // A line that was never finished is no record of anything.
  const tail = bytes.subarray(end, bytes.lastIndexOf(0x0a) + 1);
  try {
    if (tail.length > 0) await abandon(run, { kind: 'cut', length, head }, tail);
    if (bytes.length > end) await truncate(path, end);
  } catch (cause) {
    throw new RunError('out-not-writable', `${path} cannot be written (${systemCode(cause)})`, { cause });
  }
  return { length, head, bytes: end, abandoned: stepsAfter(await readAbandoned(run), step) };
}

/**
 * Checks that a run's ledger was at the position of a checkpoint once, and changes nothing.
 *
 * @throws LedgerError `ledger-missing`, `ledger-damaged`.
 */
export async function assertLedgerAt(run: string, at: LedgerPosition & { readonly step: number }): Promise<void> {
  const { length, head, step } = at;
  const read = readLines(await readLedgerBytes(run));
  assertPosition(join(run, LEDGER), read, { length, head, of: `the checkpoint of step ${step}` });
}

async function abandon(run: string, cut: Cut, tail: Buffer): Promise<void> {
  const earlier = await readAbandoned(run);
  const piece = Buffer.concat([Buffer.from(`${JSON.stringify(cut)}\n`), tail]);
  const ends = earlier.subarray(Math.max(0, earlier.length - piece.length));
  if (!ends.equals(piece)) await writeAtomically(join(run, ABANDONED_LEDGER), [earlier, piece]);
}

async function truncate(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readAbandoned(run: string): Promise<Buffer> {
  const path = join(run, ABANDONED_LEDGER);
  try {
    return await readFile(path);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return Buffer.alloc(0);
    throw new LedgerError('ledger-missing', `${path} cannot be read (${systemCode(cause)})`, { cause });
  }
}

/** Only lines whose chain is sound from their cut on count; a damaged one is as good as none. */
function stepsAfter(abandoned: Buffer, after: number): Map<number, StepLine> {
  const steps = new Map<number, StepLine>();
  for (const { cut, piece } of piecesOf(abandoned)) {
    for (const { line } of readLines(piece, cut.head).lines) {
      if (line.kind === 'step' && line.step > after) steps.set(line.step, line);
    }
  }
  return steps;
}

function piecesOf(abandoned: Buffer): { readonly cut: Cut; readonly piece: Buffer }[] {
  const pieces: { readonly cut: Cut; start: number; end: number }[] = [];
  for (let start = 0; start < abandoned.length;) {
    const newline = abandoned.indexOf(0x0a, start);
    const end = newline < 0 ? abandoned.length : newline + 1;
    const cut = cutOf(abandoned.toString('utf8', start, end));
    const last = pieces.at(-1);
    if (cut) pieces.push({ cut, start: end, end });
    else if (last) last.end = end;
    start = end;
  }
  return pieces.map(({ cut, start, end }) => ({ cut, piece: abandoned.subarray(start, end) }));
}

function cutOf(line: string): Cut | undefined {
  if (!line.startsWith('{"kind":"cut",')) return undefined;
  try {
    return JSON.parse(line) as Cut;
  } catch {
    return undefined;
  }
}
