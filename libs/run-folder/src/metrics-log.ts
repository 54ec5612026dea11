/**
 * `metrics.jsonl`: one JSON object a line, one line a record, in the order of the steps. Lines are written behind the
 * step loop's back; a disk that is full or does not keep up is reported and never stops the loop.
 */
import { open } from 'node:fs/promises';
import { LineFile, RunError, systemCode } from '@gradcast/files';
import type { LineFileEvents } from '@gradcast/files';

const NEWLINE = 0x0a;
/** Read at once; far longer than a line. */
const WINDOW_BYTES = 2 ** 20;

/** An open `metrics.jsonl`. */
export class MetricsLog {
  readonly path: string;
  readonly #file: LineFile;

  private constructor(path: string, file: LineFile) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Opens the log for appending. Lines of steps after `throughStep`, and a last line that a killed process left
   * unfinished, are cut off: a resumed run writes those steps again.
   *
   * @throws RunError `out-not-writable`.
   */
  static async open(path: string, throughStep: number, events?: LineFileEvents): Promise<MetricsLog> {
    const length = await soundLength(path, throughStep);
    return new MetricsLog(path, await LineFile.open({ path, length, events }));
  }

  /** Adds one line and returns at once; a line for which there is no room is reported and left out. */
  append(record: Readonly<Record<string, unknown>> & { readonly step: number }): void {
    this.#file.append(JSON.stringify(record));
  }

  /**
   * Resolves once all lines so far were handed to the system.
   *
   * @throws RunError `out-not-writable`; the lines are tried again later.
   */
  flush(): Promise<void> {
    return this.#file.flush();
  }

  /** Writes what is left, and closes the file even if that fails. */
  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Length of the file up to and including the last whole line of a step that is kept; it is read from its end on. */
async function soundLength(path: string, throughStep: number): Promise<number> {
  try {
    const file = await open(path, 'r');
    try {
      let end = (await file.stat()).size;
      const window = Buffer.alloc(Math.min(end, WINDOW_BYTES));
      while (end > 0) {
        const start = Math.max(0, end - WINDOW_BYTES);
        const { bytesRead } = await file.read(window, 0, end - start, start);
        const bytes = window.subarray(0, bytesRead);
        // A window may begin inside a line, which then belongs to the next; no line is as long as a window.
        const first = start === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
        const kept = lengthThrough(bytes, first, throughStep);
        if (kept > first) return start + kept;
        end = first === bytes.length ? start : start + first;
      }
      return 0;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return 0;
    throw new RunError('out-not-writable', `${path} cannot be written (${systemCode(cause)})`, { cause });
  }
}

/** End of the last whole line of a step that is kept among those from `first` on; `first` if there is none. */
function lengthThrough(bytes: Buffer, first: number, throughStep: number): number {
  let end = bytes.length;
  while (end > first) {
    const start = Math.max(first, end < 2 ? 0 : bytes.lastIndexOf(NEWLINE, end - 2) + 1);
    if (bytes[end - 1] === NEWLINE && stepOf(bytes.toString('utf8', start, end)) <= throughStep) return end;
    end = start;
  }
  return first;
}

function stepOf(line: string): number {
  try {
    const step = (JSON.parse(line) as { step?: unknown } | null)?.step;
    return typeof step === 'number' ? step : Infinity;
  } catch {
    return Infinity;
  }
}
