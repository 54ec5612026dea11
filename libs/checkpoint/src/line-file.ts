/**
 * A file of lines that grows behind its writer's back: `metrics.jsonl` and `ledger.jsonl`.
 *
 * Invariants: adding a line never waits and never throws, so no step loop stops for a disk. Lines reach the file in
 * their order and whole: after a failed write the rest is written again from where the file was sound, once there is
 * room. What waits is bounded; a line beyond the bound is refused, and its owner is told.
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

const SILENT: LineFileEvents = { failed: () => undefined, written: () => undefined };

export interface LineFileOptions {
  readonly path: string;
  /** Bytes of the file that are kept; what lies beyond is cut off. */
  readonly length: number;
  readonly events?: LineFileEvents | undefined;
  readonly open?: (path: string) => Promise<LineTarget>;
}

export class LineFile {
  readonly path: string;
  readonly #file: LineTarget;
  readonly #events: LineFileEvents;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Bytes known to be in the file; everything waiting goes behind them. */
  #length: number;
  #writing: Promise<void> | undefined;
  #failure: RunError | undefined;

  private constructor(file: LineTarget, { path, length, events }: LineFileOptions) {
    this.path = path;
    this.#file = file;
    this.#length = length;
    this.#events = events ?? SILENT;
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

  /** Adds a line, without its newline, and returns at once. @returns false if too many wait; the line is refused then. */
  append(line: string): boolean {
    if (this.full) {
      this.#fail(new RunError('out-not-writable', `${this.path} cannot be written as fast as the run goes`));
      return false;
    }
    const bytes = new TextEncoder().encode(`${line}\n`);
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

  /** Resolves once all lines so far are safe on the disk. @throws RunError `out-not-writable`. */
  async sync(): Promise<void> {
    await this.flush();
    try {
      await this.#file.datasync();
    } catch (cause) {
      throw this.#fail(notWritable(this.path, cause));
    }
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
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const count = this.#waiting.length;
        const bytes = Buffer.concat(this.#waiting);
        for (let done = 0; done < bytes.length;) {
          const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#length + done);
          done += bytesWritten;
        }
        this.#length += bytes.length;
        this.#waitingBytes -= bytes.length;
        this.#waiting.splice(0, count);
        this.#failure = undefined;
        this.#events.written();
      }
    } catch (cause) {
      this.#fail(notWritable(this.path, cause));
    }
  }

  #fail(error: RunError): RunError {
    this.#failure = error;
    this.#events.failed(error);
    return error;
  }
}

/** For writing at any place; made if need be, never emptied. */
async function openOrMake(path: string): Promise<LineTarget> {
  const made = await open(path, 'a');
  await made.close();
  return open(path, 'r+');
}

function notWritable(path: string, cause: unknown): RunError {
  return new RunError('out-not-writable', `${path} cannot be written (${systemCode(cause)})`, { cause });
}
