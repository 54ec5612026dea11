/**
 * A file of lines, or of records in bytes, that grows behind its writer's back: `metrics.jsonl`, `ledger.jsonl`.
 *
 * Invariants: adding a line never waits and never throws, so no step loop stops for a disk. Lines reach the file in
 * their order and whole: after a failed write the rest is written again from where the file was sound, once there is
 * room. What waits is bounded; a line beyond the bound is refused, and its owner is told. After a failed sync the system
 * may forget what it could not write and call the next sync a success, so what was not synced yet is written again.
 */
import { open } from 'node:fs/promises';
import { RunError, systemCode } from './errors.ts';

/** Text that may wait for the disk: some 50,000 lines. */
export const MAX_BACKLOG_BYTES = 16 * 2 ** 20;

/** What is needed of a `FileHandle`; tests put one in its place that fails. */
export interface LineTarget {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** Told how writing goes. */
export interface LineFileEvents {
  /** A write failed; it is tried again with the next line and at every flush. */
  readonly failed: (error: RunError) => void;
  /** A write succeeded. */
  readonly written: () => void;
}

/** What a file that is synced keeps in memory at most before it syncs by itself. */
const MAX_UNSYNCED_BYTES = 4 * 2 ** 20;

const SILENT: LineFileEvents = { failed: () => undefined, written: () => undefined };

export interface LineFileOptions {
  readonly path: string;
  /** Bytes of the file that are kept; what lies beyond is cut off. */
  readonly length: number;
  readonly events?: LineFileEvents | undefined;
  readonly open?: ((path: string) => Promise<LineTarget>) | undefined;
  /** Whether lines must be made safe by {@link LineFile.sync}; what was not synced yet is then kept in memory. */
  readonly durable?: boolean;
}

/** The file goes on in another: seals this one and opens that. Tried again if it fails, so doing it twice is no harm. */
export type Rotate = () => Promise<LineTarget>;

export class LineFile {
  readonly path: string;
  #file: LineTarget;
  readonly #events: LineFileEvents;
  readonly #durable: boolean;
  #waiting: (Uint8Array | Rotate)[] = [];
  #waitingBytes = 0;
  /** Written and not synced yet. */
  #unsynced: Uint8Array[] = [];
  #unsyncedBytes = 0;
  /** Writes and syncs, one after the other. */
  #work: Promise<void> = Promise.resolve();
  /** Bytes known to be in the file; everything waiting goes behind them. */
  #length: number;
  #writing: Promise<void> | undefined;
  #failure: RunError | undefined;

  private constructor(file: LineTarget, { path, length, events, durable = false }: LineFileOptions) {
    this.path = path;
    this.#file = file;
    this.#length = length;
    this.#events = events ?? SILENT;
    this.#durable = durable;
  }

  /** @throws RunError `out-not-writable`. */
  static async open(options: LineFileOptions): Promise<LineFile> {
    try {
      const file = await (options.open ?? openOrMake)(options.path);
      await file.truncate(options.length);
      return new LineFile(file, options);
    } catch (cause) {
      throw notWritable(options.path, cause);
    }
  }

  /** Whether a further line would be refused now. */
  get full(): boolean {
    return this.#waitingBytes >= MAX_BACKLOG_BYTES;
  }

  /**
   * Adds a line, without its newline, or bytes as they are, and returns at once.
   *
   * @param line bytes must not change any more.
   * @returns false if too many wait; the line is refused then.
   */
  append(line: string | Uint8Array): boolean {
    if (this.full) {
      this.#fail(new RunError('out-not-writable', `${this.path} cannot be written as fast as the run goes`));
      return false;
    }
    const bytes = typeof line === 'string' ? new TextEncoder().encode(`${line}\n`) : line;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    void this.#start();
    return true;
  }

  /**
   * Resolves once all lines so far were handed to the system.
   *
   * @throws RunError `out-not-writable` if they could not be; they still wait.
   */
  async flush(): Promise<void> {
    await this.#writing;
    // What failed before may succeed now.
    if (this.#waiting.length > 0) await this.#start();
    if (this.#waiting.length > 0 && this.#failure) throw this.#failure;
  }

  /** Further lines go into another file. What is in this one is safe on the disk before. */
  continueIn(rotate: Rotate): void {
    this.#waiting.push(rotate);
    void this.#start();
  }

  /** Resolves once all lines so far are safe on the disk. @throws RunError `out-not-writable`. */
  async sync(): Promise<void> {
    await this.flush();
    const synced = this.#work.then(() => this.#sync());
    this.#work = synced.catch(() => undefined);
    await synced;
  }

  /** Writes what is left, and closes the file even if that fails. @throws RunError `out-not-writable`. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  #start(): Promise<void> {
    this.#writing ??= this.#work.then(() => this.#drain()).finally(() => (this.#writing = undefined));
    this.#work = this.#writing;
    return this.#writing;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const [first] = this.#waiting;
        if (typeof first === 'function') await this.#rotate(first);
        else await this.#write();
        this.#failure = undefined;
        this.#events.written();
        if (this.#unsyncedBytes >= MAX_UNSYNCED_BYTES) await this.#sync();
      }
    } catch (cause) {
      if (cause !== this.#failure) this.#fail(notWritable(this.path, cause));
    }
  }

  /** Writes what waits for this file. */
  async #write(): Promise<void> {
    const end = this.#waiting.findIndex((each) => typeof each === 'function');
    const count = end < 0 ? this.#waiting.length : end;
    const bytes = Buffer.concat(this.#waiting.slice(0, count) as Uint8Array[]);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#length + done);
      done += bytesWritten;
    }
    this.#length += bytes.length;
    this.#waitingBytes -= bytes.length;
    this.#waiting.splice(0, count);
    if (!this.#durable) return;
    this.#unsynced.push(bytes);
    this.#unsyncedBytes += bytes.length;
  }

  async #rotate(rotate: Rotate): Promise<void> {
    await this.#sync();
    const next = await rotate();
    await this.#file.close().catch(() => undefined);
    this.#file = next;
    this.#length = 0;
    this.#waiting.shift();
  }

  /** @throws RunError; everything since the last sync waits again then. */
  async #sync(): Promise<void> {
    try {
      await this.#file.datasync();
      this.#unsynced = [];
      this.#unsyncedBytes = 0;
    } catch (cause) {
      this.#length -= this.#unsyncedBytes;
      this.#waitingBytes += this.#unsyncedBytes;
      this.#waiting = [...this.#unsynced, ...this.#waiting];
      this.#unsynced = [];
      this.#unsyncedBytes = 0;
      throw this.#fail(notWritable(this.path, cause));
    }
  }

  #fail(error: RunError): RunError {
    this.#failure = error;
    this.#events.failed(error);
    return error;
  }
}

/** For writing at any place; made if need be, never emptied. */
export async function openOrMake(path: string): Promise<LineTarget> {
  const made = await open(path, 'a');
  await made.close();
  return open(path, 'r+');
}

function notWritable(path: string, cause: unknown): RunError {
  return new RunError('out-not-writable', `${path} cannot be written (${systemCode(cause)})`, { cause });
}
