/**
 * `metrics.jsonl`: one JSON object a line, one line a record, in the order of the steps. Lines are written behind the
 * step loop's back; a disk that does not keep up becomes an error instead of a growing queue.
 */
import { open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { RunError, systemCode } from './errors.ts';

/** Text that may wait for the disk: some 50,000 lines. */
const MAX_BACKLOG = 16 * 2 ** 20;

const NEWLINE = 0x0a;

/** An open `metrics.jsonl`. */
export class MetricsLog {
  readonly path: string;
  readonly #file: FileHandle;
  #backlog = '';
  #writing: Promise<void> | undefined;
  #failure: RunError | undefined;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Opens the log for appending. Lines of steps after `throughStep`, and a last line that a killed process left
   * unfinished, are cut off: a resumed run writes those steps again.
   *
   * @throws RunError `out-not-writable`.
   */
  static async open(path: string, throughStep: number): Promise<MetricsLog> {
    try {
      const file = await open(path, 'a');
      await file.truncate(await soundLength(path, throughStep));
      return new MetricsLog(path, file);
    } catch (cause) {
      throw new RunError('out-not-writable', `${path} cannot be written (${systemCode(cause)})`, { cause });
    }
  }

  /**
   * Adds one line and returns at once.
   *
   * @throws RunError `out-not-writable` if an earlier line could not be written, or too many are waiting.
   */
  append(record: Readonly<Record<string, unknown>> & { readonly step: number }): void {
    if (this.#failure) throw this.#failure;
    if (this.#backlog.length > MAX_BACKLOG) {
      throw new RunError('out-not-writable', `${this.path} cannot be written as fast as the run goes`);
    }
    this.#backlog += `${JSON.stringify(record)}\n`;
    this.#writing ??= this.#drain();
  }

  /**
   * Resolves once all lines so far were handed to the system.
   *
   * @throws RunError `out-not-writable`.
   */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure;
  }

  /** Writes what is left, and closes the file even if that fails. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  async #drain(): Promise<void> {
    try {
      while (this.#backlog !== '') {
        const lines = this.#backlog;
        this.#backlog = '';
        await this.#file.appendFile(lines);
      }
    } catch (cause) {
      this.#failure = new RunError('out-not-writable', `${this.path} cannot be written (${systemCode(cause)})`, {
        cause,
      });
    } finally {
      this.#writing = undefined;
    }
  }
}

/** Length of the file up to and including the last whole line of a step that is kept. */
async function soundLength(path: string, throughStep: number): Promise<number> {
  const bytes = await readFile(path);
  let end = bytes.length;
  while (end > 0) {
    const start = end < 2 ? 0 : bytes.lastIndexOf(NEWLINE, end - 2) + 1;
    if (bytes[end - 1] === NEWLINE && stepOf(bytes.toString('utf8', start, end)) <= throughStep) return end;
    end = start;
  }
  return 0;
}

function stepOf(line: string): number {
  try {
    const step = (JSON.parse(line) as { step?: unknown } | null)?.step;
    return typeof step === 'number' ? step : Infinity;
  } catch {
    return Infinity;
  }
}
