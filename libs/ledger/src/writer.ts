/** Appends to a ledger behind the step loop's back, and seals its parts. */
import { join } from 'node:path';
import { compressParts, LEDGER, sealPart } from './parts.ts';
import type { LedgerPlace } from './parts.ts';
import { GENESIS, seal } from './record.ts';
import type {
  AcceptedLine,
  DistrustedLine,
  EvaluatedLine,
  GapLine,
  HeaderLine,
  LedgerLine,
  LedgerPosition,
  StepLine,
} from './record.ts';
import { LineFile, openOrMake } from '@gradcast/files';
import type { LineFileOptions, LineTarget } from '@gradcast/files';

/** A part this long is sealed: some 80,000 steps of few workers. */
const PART_BYTES = 32 * 2 ** 20;

export interface LedgerWriterOptions extends Pick<LineFileOptions, 'events' | 'open'> {
  readonly partBytes?: number;
}

/** Where a ledger ends, and the part that is appended to with its length. */
type OpenedAt = LedgerPosition & { readonly active: LedgerPlace };

/**
 * An open ledger.
 *
 * Invariant: {@link position} counts exactly the lines that are in the ledger or wait for it. A step for whose line memory
 * has no room either is named by a `gap` line as soon as there is.
 */
export class LedgerWriter {
  readonly #run: string;
  readonly #file: LineFile;
  readonly #options: LedgerWriterOptions;
  readonly #closing = new AbortController();
  #compressing: Promise<void> = Promise.resolve();
  #position: LedgerPosition;
  /** The part that is appended to, and where the next line begins. */
  #part: number;
  #offset: number;
  #gap: GapLine | undefined;

  private constructor(
    file: LineFile,
    at: OpenedAt,
    { run, ...options }: LedgerWriterOptions & { readonly run: string },
  ) {
    const { length, head, place, active } = at;
    this.#run = run;
    this.#file = file;
    this.#options = options;
    this.#position = { length, head, place };
    this.#part = active.part;
    this.#offset = active.offset;
    this.#compress();
  }

  /** Makes the ledger of a new run; its header is on the disk when this resolves. @throws RunError `out-not-writable`. */
  static async create(run: string, header: HeaderLine, options: LedgerWriterOptions = {}): Promise<LedgerWriter> {
    const active = { part: 1, offset: 0 };
    const writer = await LedgerWriter.open(run, { length: 0, head: GENESIS, active }, options);
    writer.#append(header);
    await writer.sync();
    return writer;
  }

  /** Opens a ledger for appending behind a position; what lies behind it is cut off. @throws RunError `out-not-writable`. */
  static async open(run: string, at: OpenedAt, options: LedgerWriterOptions = {}): Promise<LedgerWriter> {
    const { events, open } = options;
    const path = join(run, LEDGER);
    const file = await LineFile.open({ events, open, path, length: at.active.offset, durable: true });
    return new LedgerWriter(file, at, { ...options, run });
  }

  /** Lines so far, the chain of the last, and where it ends. */
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

  /** Says that a step which came out otherwise than before is gone on with. */
  accepted(line: Omit<AcceptedLine, 'kind'>): void {
    this.#append({ kind: 'accepted', ...line });
  }

  /** Says that a volunteer was found wrong, and names what was used of it unchecked. */
  distrusted(line: Omit<DistrustedLine, 'kind'>): void {
    this.#append({ ...line, kind: 'distrusted' });
  }

  /** Says what a score came to that has taken effect. */
  evaluated(line: Omit<EvaluatedLine, 'kind'>): void {
    this.#append({ kind: 'evaluated', ...line });
  }

  /** Says that a coordinator took the run up at step `from`. */
  resumed(incarnation: number, from: number): void {
    this.#append({ kind: 'resumed', incarnation, from });
  }

  /** Resolves once all lines so far are safe on the disk. @throws RunError `out-not-writable`; they still wait then. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Writes what is left, and closes the file even if that fails. A part that is being compressed stays as it was. */
  async close(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      this.#closing.abort();
      await this.#compressing;
    }
  }

  /** All of these lines or none. @returns whether there was room for them. */
  #append(...lines: readonly LedgerLine[]): boolean {
    if (this.#offset >= (this.#options.partBytes ?? PART_BYTES)) this.#seal();
    let { length, head } = this.#position;
    const texts: string[] = [];
    for (const line of lines) {
      const { text, chain } = seal(head, line);
      texts.push(text);
      head = chain;
      length += 1;
    }
    const text = texts.join('\n');
    if (!this.#file.append(text)) return false;
    this.#offset += Buffer.byteLength(text) + 1;
    this.#position = { length, head, place: { part: this.#part, offset: this.#offset } };
    return true;
  }

  /** Further lines go into the next part. */
  #seal(): void {
    const sealed = this.#part;
    this.#file.continueIn(() => this.#nextAfter(sealed));
    this.#part += 1;
    this.#offset = 0;
  }

  async #nextAfter(sealed: number): Promise<LineTarget> {
    await sealPart(this.#run, sealed);
    const next = await (this.#options.open ?? openOrMake)(join(this.#run, LEDGER));
    this.#compress();
    return next;
  }

  /** Behind the run's back; what fails is tried again when the next part is sealed or the ledger is opened. */
  #compress(): void {
    const { signal } = this.#closing;
    this.#compressing = this.#compressing.then(() => compressParts(this.#run, signal)).catch(() => undefined);
  }
}
