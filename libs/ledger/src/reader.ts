/** Reads a ledger from any place on, checking its chain, in memory that does not grow with it. */
import { join } from 'node:path';
import { LedgerError } from './errors.ts';
import { ChainedLines } from './lines.ts';
import type { LineFault, ReadLine } from './lines.ts';
import { bytesOf, LEDGER, partsOf } from './parts.ts';
import type { LedgerPart, LedgerPlace } from './parts.ts';
import { GENESIS, sealOf } from './record.ts';
import type { HeaderLine, LedgerPosition } from './record.ts';

/** A line and where it lies. */
export interface PlacedLine extends ReadLine {
  readonly part: number;
}

/** Where reading ended, and why. */
export interface LedgerEnd extends LedgerPosition {
  /** What is wrong with the line after the last sound one; undefined if there is none. */
  readonly fault: LineFault | undefined;
  readonly unfinished: boolean;
}

export type KnownPlace = LedgerPosition & { readonly place: LedgerPlace };

const BEGINNING: KnownPlace = { length: 0, head: GENESIS, place: { part: 1, offset: 0 } };

/**
 * Lines as long as they are whole and chained, some at a time.
 *
 * @throws LedgerError `ledger-missing`, or `ledger-damaged` if a part is missing or cannot be uncompressed.
 */
export async function* ledgerLines(run: string, from = BEGINNING): AsyncGenerator<PlacedLine[], LedgerEnd> {
  const { length, head, place } = from;
  const lines = new ChainedLines({ length, head, offset: place.offset });
  const parts = await partsOf(run);
  for (const part of parts.slice(place.part - 1)) {
    for await (const bytes of bytesOf(part, part.number === place.part ? place.offset : 0)) {
      const taken = lines.take(bytes);
      if (taken.length > 0) yield taken.map((line) => ({ ...line, part: part.number }));
      if (lines.fault) break;
    }
    if (part !== parts.at(-1)) lines.endPart();
    if (lines.fault) break;
  }
  return { length: lines.length, head: lines.head, fault: lines.fault, unfinished: lines.unfinished };
}

/** A ledger by its first line. */
export interface Ledger {
  readonly run: string;
  readonly path: string;
  readonly header: HeaderLine;
}

/**
 * Reads the header of a run's ledger.
 *
 * @throws LedgerError `ledger-missing`, `ledger-damaged`.
 */
export async function openLedger(run: string): Promise<Ledger> {
  const path = join(run, LEDGER);
  const lines = ledgerLines(run);
  const next = await lines.next();
  await lines.return(undefined as never);
  if (next.done) {
    const { field, sentence } = next.value.fault ?? { field: 'kind', sentence: 'is not the header' };
    throw damaged(path, 1, field, sentence);
  }
  const [{ line }] = next.value;
  if (line.kind !== 'header') throw damaged(path, 1, 'kind', 'is not the header');
  return { run, path, header: line };
}

/**
 * Reads all of a ledger; a last line without its newline is left out.
 *
 * @param onLine told of each line in order.
 * @throws LedgerError as {@link ledgerLines}, and `ledger-damaged` naming the first line that is.
 */
export async function readLedger(run: string, onLine: (line: PlacedLine) => void): Promise<LedgerEnd> {
  const lines = ledgerLines(run);
  for (;;) {
    const next = await lines.next();
    if (!next.done) {
      for (const line of next.value) onLine(line);
      continue;
    }
    const { fault, length } = next.value;
    if (fault) throw damaged(join(run, LEDGER), length + 1, fault.field, fault.sentence);
    return next.value;
  }
}

/** A refusal that names the line, counted from 1, and what is wrong with it. */
export function damaged(path: string, line: number, field: string, sentence: string): LedgerError {
  return new LedgerError('ledger-damaged', `${path} is damaged: line ${line} ${sentence}`, { line, field });
}

/**
 * Finds a position that a checkpoint speaks of. If it says where that is, and the line that ends there has its chain,
 * nothing before it is read; else the ledger is read up to it.
 *
 * @throws LedgerError `ledger-missing`, or `ledger-damaged` naming the line that is missing or differs.
 */
export async function findPosition(run: string, position: LedgerPosition & { of: string }): Promise<KnownPlace> {
  const { length, head, place, of } = position;
  if (place && (await endsAt(await partsOf(run), place, head))) return { length, head, place };
  const path = join(run, LEDGER);
  const lines = ledgerLines(run);
  for (;;) {
    const next = await lines.next();
    if (next.done) {
      const { fault, length: found } = next.value;
      if (fault) throw damaged(path, found + 1, fault.field, fault.sentence);
      throw damaged(path, found + 1, 'length', `is missing: ${of} speaks of ${length} lines`);
    }
    const line = next.value.find(({ number }) => number === length);
    if (!line) continue;
    await lines.return(undefined as never);
    if (line.chain !== head) throw damaged(path, length, 'chain', `is not the one that ${of} speaks of`);
    return { length, head, place: { part: line.part, offset: line.end } };
  }
}

/** Whether a line of that chain ends at a place. */
async function endsAt(parts: readonly LedgerPart[], { part, offset }: LedgerPlace, head: string): Promise<boolean> {
  const seal = Buffer.from(`${sealOf(head)}\n`);
  const found = parts[part - 1] as LedgerPart | undefined;
  if (!found || offset < seal.length) return false;
  let read = Buffer.alloc(0);
  for await (const bytes of bytesOf(found, offset - seal.length)) {
    read = Buffer.concat([read, bytes.subarray(0, seal.length - read.length)]);
    if (read.length === seal.length) break;
  }
  return read.equals(seal);
}
