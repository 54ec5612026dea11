/** Appends to `ledger.jsonl` behind the step loop's back. */
import { join } from 'node:path';
import { LineFile } from './line-file.ts';
import type { LineFileOptions } from './line-file.ts';
import { GENESIS, seal } from './ledger-record.ts';
import type { GapLine, HeaderLine, LedgerLine, LedgerPosition, StepLine } from './ledger-record.ts';
import { LEDGER } from './ledger-reader.ts';

export type LedgerWriterOptions = Pick<LineFileOptions, 'events' | 'open'>;

/**
 * An open ledger.
 *
 * Invariant: {@link position} counts exactly the lines that are in the file or wait for it. A step for whose line memory
 * has no room either is named by a `gap` line as soon as there is.
 */
export class LedgerWriter {
  readonly #file: LineFile;
  #position: LedgerPosition;
  #gap: GapLine | undefined;

  private constructor(file: LineFile, position: LedgerPosition) {
    this.#file = file;
    this.#position = position;
  }

  /** Makes the ledger of a new run; its header is on the disk when this resolves. @throws RunError `out-not-writable`. */
  static async create(run: string, header: HeaderLine, options: LedgerWriterOptions = {}): Promise<LedgerWriter> {
    const writer = await LedgerWriter.open(run, { length: 0, head: GENESIS, bytes: 0 }, options);
    writer.#append(header);
    await writer.sync();
    return writer;
  }

  /** Opens a ledger for appending behind a position; what lies behind it is cut off. @throws RunError `out-not-writable`. */
  static async open(
    run: string,
    { length, head, bytes }: LedgerPosition & { readonly bytes: number },
    options: LedgerWriterOptions = {},
  ): Promise<LedgerWriter> {
    const file = await LineFile.open({ ...options, path: join(run, LEDGER), length: bytes });
    return new LedgerWriter(file, { length, head });
  }

  /** Lines so far, and the chain of the last. */
  get position(): LedgerPosition {
    return this.#position;
  }

  /** Adds a step's line and returns at once; what cannot be written or kept is told through the file's events. */
  step(line: Omit<StepLine, 'kind'>): void {
    const gap: GapLine = { kind: 'gap', from: this.#gap?.from ?? line.step, to: line.step };
    const lines: LedgerLine[] = this.#gap ? [this.#gap] : [];
    const taken = this.#append(...lines, { kind: 'step', ...line });
    this.#gap = taken ? undefined : gap;
  }

  /** Says that a coordinator took the run up at step `from`. */
  resumed(incarnation: number, from: number): void {
    this.#append({ kind: 'resumed', incarnation, from });
  }

  /** Resolves once all lines so far are safe on the disk. @throws RunError `out-not-writable`; they still wait then. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Writes what is left, and closes the file even if that fails. */
  close(): Promise<void> {
    return this.#file.close();
  }

  /** All of these lines or none. @returns whether there was room for them. */
  #append(...lines: readonly LedgerLine[]): boolean {
    let { length, head } = this.#position;
    const texts: string[] = [];
    for (const line of lines) {
      const { text, chain } = seal(head, line);
      texts.push(text);
      head = chain;
      length += 1;
    }
    if (!this.#file.append(texts.join('\n'))) return false;
    this.#position = { length, head };
    return true;
  }
}
