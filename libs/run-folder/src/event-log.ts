/**
 * `events.jsonl`: what happened in a run, one JSON object a line, numbered over all starts of the run. Lines are written
 * behind the step loop's back; a disk that is full or does not keep up is reported and never stops the loop.
 */
import { open } from 'node:fs/promises';
import { LineFile, RunError, systemCode } from '@gradcast/files';
import type { LineFileEvents } from '@gradcast/files';

const NEWLINE = 0x0a;
/** Read at the end of the file; far longer than a line. */
const WINDOW_BYTES = 2 ** 16;

/** An open `events.jsonl`. */
export class EventLog {
  /** Number of the last event that was in the file; 0 if there was none. */
  readonly lastSeq: number;
  readonly #file: LineFile;

  private constructor(file: LineFile, lastSeq: number) {
    this.#file = file;
    this.lastSeq = lastSeq;
  }

  /**
   * Opens the log for appending; a last line that a killed process left unfinished is cut off.
   *
   * @throws RunError `out-not-writable`.
   */
  static async open(path: string, events?: LineFileEvents): Promise<EventLog> {
    const { length, seq } = await endOf(path);
    return new EventLog(await LineFile.open({ path, length, events }), seq);
  }

  /** Adds one line and returns at once; a line for which there is no room is reported and left out. */
  append(event: Readonly<Record<string, unknown>> & { readonly seq: number }): void {
    this.#file.append(JSON.stringify(event));
  }

  /** Writes what is left, and closes the file even if that fails. */
  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Length up to the end of the last whole line, and that line's number. */
async function endOf(path: string): Promise<{ length: number; seq: number }> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - WINDOW_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      const bytes = buffer.subarray(0, bytesRead);
      const end = bytes.lastIndexOf(NEWLINE);
      if (end < 0) return { length: 0, seq: 0 };
      const begin = end === 0 ? 0 : bytes.lastIndexOf(NEWLINE, end - 1) + 1;
      return { length: start + end + 1, seq: seqOf(bytes.toString('utf8', begin, end)) };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return { length: 0, seq: 0 };
    throw new RunError('out-not-writable', `${path} cannot be written (${systemCode(cause)})`, { cause });
  }
}

function seqOf(line: string): number {
  try {
    const seq = (JSON.parse(line) as { seq?: unknown } | null)?.seq;
    return Number.isSafeInteger(seq) ? (seq as number) : 0;
  } catch {
    return 0;
  }
}
