/** From bytes to chained lines, a chunk at a time: whoever reads a ledger needs memory for one chunk, not for the ledger. */
import { parseLine } from './parse.ts';
import { chainOf, GENESIS, unseal } from './record.ts';
import type { LedgerLine } from './record.ts';

const NEWLINE = 0x0a;

/** No line is longer: what waits for the disk at most is half of it. */
export const MAX_LINE_BYTES = 32 * 2 ** 20;

/** A line of a sound ledger. */
export interface ReadLine {
  readonly line: LedgerLine;
  readonly chain: string;
  /** Counted from 1. */
  readonly number: number;
  /** Offset of the byte behind its newline. */
  readonly end: number;
}

/** Why a line was not taken. */
export interface LineFault {
  readonly field: string;
  readonly sentence: string;
}

/** Cuts bytes into lines, however they come. */
export class LineCutter {
  #rest: Buffer = Buffer.alloc(0);

  /** Whether the bytes so far end in a line without its newline. */
  get unfinished(): boolean {
    return this.#rest.length > 0;
  }

  /** Whether that line is longer than any can be. */
  get tooLong(): boolean {
    return this.#rest.length > MAX_LINE_BYTES;
  }

  /** @returns whole lines end to end, the last with its newline; undefined if none has ended. */
  whole(bytes: Buffer): Buffer | undefined {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    const lines = end === 0 ? undefined : Buffer.concat([this.#rest, bytes.subarray(0, end)]);
    this.#rest = end === 0 ? Buffer.concat([this.#rest, bytes]) : Buffer.from(bytes.subarray(end));
    return lines;
  }
}

/** Takes lines as long as they are whole and chained. */
export class ChainedLines {
  readonly #cutter = new LineCutter();
  #head: string;
  #length: number;
  #offset: number;
  #fault: LineFault | undefined;

  /** @param after the chain before the first line, how many lines came before it, and where it begins. */
  constructor({ head = GENESIS, length = 0, offset = 0 } = {}) {
    this.#head = head;
    this.#length = length;
    this.#offset = offset;
  }

  /** The chain of the last line taken. */
  get head(): string {
    return this.#head;
  }

  /** Number of the last line taken. */
  get length(): number {
    return this.#length;
  }

  /** What is wrong with the next line; nothing more is taken then. */
  get fault(): LineFault | undefined {
    return this.#fault;
  }

  /** Whether the bytes end in a line that has no newline: its writer was stopped half-way. */
  get unfinished(): boolean {
    return this.#fault === undefined && this.#cutter.unfinished;
  }

  take(bytes: Buffer): ReadLine[] {
    if (this.#fault) return [];
    const whole = this.#cutter.whole(bytes);
    const lines = whole ? this.#lines(whole) : [];
    if (this.#cutter.tooLong) this.#fault ??= { field: 'length', sentence: 'is longer than any line is' };
    return lines;
  }

  /** A part of the ledger is over, and lines do not go on in the next. */
  endPart(): void {
    if (this.#cutter.unfinished) this.#fault ??= { field: 'length', sentence: 'was cut short where its part ends' };
    this.#offset = 0;
  }

  #lines(bytes: Buffer): ReadLine[] {
    const lines: ReadLine[] = [];
    for (let start = 0; start < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const read = this.#line(bytes.subarray(start, newline));
      if ('field' in read) {
        this.#fault = read;
        return lines;
      }
      this.#head = read.chain;
      this.#length += 1;
      this.#offset += newline + 1 - start;
      start = newline + 1;
      lines.push({ ...read, number: this.#length, end: this.#offset });
    }
    return lines;
  }

  #line(bytes: Buffer): LineFault | Pick<ReadLine, 'line' | 'chain'> {
    const sealed = unseal(bytes);
    if (!sealed) return { field: 'chain', sentence: 'does not end in a chain' };
    const { content, chain } = sealed;
    if (chainOf(this.#head, content) !== chain) {
      return { field: 'chain', sentence: 'is not what was written after the line before it: its chain does not fit' };
    }
    const parsed = parseLine(content);
    if ('line' in parsed) return { line: parsed.line, chain };
    return { field: parsed.fault, sentence: `has no ${parsed.fault} that this version understands` };
  }
}
