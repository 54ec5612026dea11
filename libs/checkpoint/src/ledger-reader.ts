/** Reads `ledger.jsonl` and checks its chain from the first line on. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError, systemCode } from './errors.ts';
import { parseLine } from './ledger-parse.ts';
import { chainOf, GENESIS, unseal } from './ledger-record.ts';
import type { HeaderLine, LedgerLine, LedgerPosition } from './ledger-record.ts';

export const LEDGER = 'ledger.jsonl';
export const ABANDONED_LEDGER = 'ledger.abandoned.jsonl';

const NEWLINE = 0x0a;

/** A line of a sound ledger. */
export interface ReadLine {
  readonly line: LedgerLine;
  readonly chain: string;
  /** Offset of the byte behind its newline. */
  readonly end: number;
}

/** The sound beginning of some chained lines, and what ended it. */
export interface ReadLines {
  readonly lines: readonly ReadLine[];
  /** Why the line after the last sound one was not taken; undefined if there is none. */
  readonly fault: { readonly field: string; readonly sentence: string } | undefined;
  /** Whether the bytes end in a line that has no newline: its writer was stopped half-way. */
  readonly unfinished: boolean;
}

/** Reads lines as long as they are whole and chained. @param previous the chain before the first of them. */
export function readLines(bytes: Buffer, previous: string = GENESIS): ReadLines {
  const lines: ReadLine[] = [];
  let chain = previous;
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, start);
    if (newline < 0) return { lines, fault: undefined, unfinished: true };
    const sealed = unseal(bytes.subarray(start, newline));
    if (!sealed) return stop(lines, 'chain', 'does not end in a chain');
    if (chainOf(chain, sealed.content) !== sealed.chain) {
      return stop(lines, 'chain', 'is not what was written after the line before it: its chain does not fit');
    }
    const parsed = parseLine(sealed.content);
    if ('fault' in parsed) return stop(lines, parsed.fault, `has no ${parsed.fault} that this version understands`);
    chain = sealed.chain;
    start = newline + 1;
    lines.push({ line: parsed.line, chain, end: start });
  }
  return { lines, fault: undefined, unfinished: false };
}

function stop(lines: readonly ReadLine[], field: string, sentence: string): ReadLines {
  return { lines, fault: { field, sentence }, unfinished: false };
}

/** A ledger whose chain is intact. */
export interface Ledger {
  readonly path: string;
  readonly header: HeaderLine;
  /** All lines, the header first. */
  readonly lines: readonly ReadLine[];
  readonly unfinished: boolean;
}

/**
 * Reads a run's ledger; a last line without its newline is left out.
 *
 * @throws LedgerError `ledger-missing`, or `ledger-damaged` naming the first line that is.
 */
export async function readLedger(run: string): Promise<Ledger> {
  const path = join(run, LEDGER);
  const { lines, fault, unfinished } = readLines(await readLedgerBytes(run));
  if (fault) throw damaged(path, lines.length + 1, fault.field, fault.sentence);
  const header = lines.at(0)?.line;
  if (header?.kind !== 'header') throw damaged(path, 1, 'kind', 'is not the header');
  return { path, header, lines, unfinished };
}

/** @throws LedgerError `ledger-missing`. */
export async function readLedgerBytes(run: string): Promise<Buffer> {
  const path = join(run, LEDGER);
  try {
    return await readFile(path);
  } catch (cause) {
    throw new LedgerError('ledger-missing', `${path} cannot be read (${systemCode(cause)})`, { cause });
  }
}

/** A refusal that names the line, counted from 1, and what is wrong with it. */
export function damaged(path: string, line: number, field: string, sentence: string): LedgerError {
  return new LedgerError('ledger-damaged', `${path} is damaged: line ${line} ${sentence}`, { line, field });
}

/**
 * Checks that a ledger held this position once: so many lines, the last with this chain.
 *
 * @throws LedgerError `ledger-damaged` naming the line that is missing or differs.
 */
export function assertPosition(
  path: string,
  { lines, fault }: Pick<ReadLines, 'lines' | 'fault'>,
  position: LedgerPosition & { readonly of: string },
): void {
  const { length, head, of } = position;
  if (lines.length < length) {
    const line = lines.length + 1;
    if (fault) throw damaged(path, line, fault.field, fault.sentence);
    throw damaged(path, line, 'length', `is missing: ${of} speaks of ${length} lines`);
  }
  if (lines[length - 1]?.chain !== head) {
    throw damaged(path, length, 'chain', `is not the one that ${of} speaks of`);
  }
}
