/**
 * Reading a file of lines while somebody else writes it.
 *
 * Invariants: only lines that are finished are given, so the place behind the last of them is one from which reading can go on,
 * even if the unfinished rest is cut off meanwhile; what is held at a time is bounded, whatever the file holds.
 */
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { systemCode } from './errors.ts';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 2 ** 18;

/** Bytes of a line; no line of a run's files is nearly as long. */
export const LINE_BYTES = 2 ** 20;

export interface WholeLine {
  /** Without its newline; null where the line is longer than {@link LINE_BYTES}. */
  readonly text: string | null;
  /** Offset of the byte behind its newline. */
  readonly end: number;
}

/**
 * The whole lines from an offset on, many at a time.
 *
 * @throws an error of the system.
 */
export async function* wholeLines(path: string, from = 0): AsyncGenerator<readonly WholeLine[], void, void> {
  const file = await open(path, 'r');
  try {
    yield* linesOf(file, from);
  } finally {
    await file.close();
  }
}

async function* linesOf(file: FileHandle, from: number): AsyncGenerator<readonly WholeLine[], void, void> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let held: Buffer[] = [];
  let heldBytes = 0;
  for (let at = from; ;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    const bytes = chunk.subarray(0, bytesRead);
    const lines: WholeLine[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const isTooLong = heldBytes + end - start > LINE_BYTES;
      const text = isTooLong ? null : Buffer.concat([...held, bytes.subarray(start, end)]).toString('utf8');
      lines.push({ text, end: at + end + 1 });
      [held, heldBytes, start] = [[], 0, end + 1];
    }
    heldBytes += bytesRead - start;
    // Of a line that is too long nothing is kept but how long it is.
    if (heldBytes > LINE_BYTES) held = [];
    else if (start < bytesRead) held.push(Buffer.from(bytes.subarray(start)));
    at += bytesRead;
    if (lines.length > 0) yield lines;
  }
}

/**
 * The last whole lines of a file, as many as lie in its last `bytes` bytes, in their order; none if there is no such file.
 *
 * @throws an error of the system, other than that there is no such file.
 */
export async function lastLines(path: string, bytes: number): Promise<string[]> {
  const found = await stat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!found) return [];
  // One byte more tells whether the window begins with a line.
  const from = Math.max(0, found.size - bytes - 1);
  const texts: string[] = [];
  for await (const lines of wholeLines(path, from)) {
    for (const { text } of lines) texts.push(text ?? '');
  }
  return from === 0 ? texts : texts.slice(1);
}

/** Reads what was added to a file of lines since the last time, and all of it where the file was replaced by another. */
export class LineFollower {
  readonly #path: string;
  #identity = '';
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The lines that are new, many at a time; none if there is no such file. Lines count as read when the next are asked for.
   *
   * @throws an error of the system.
   */
  async *added(): AsyncGenerator<readonly WholeLine[], void, void> {
    let file: FileHandle;
    try {
      file = await open(this.#path, 'r');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw error;
    }
    try {
      const { dev, ino, size } = await file.stat({ bigint: true });
      const identity = `${dev}-${ino}`;
      if (identity !== this.#identity || Number(size) < this.#offset) this.#offset = 0;
      this.#identity = identity;
      for await (const lines of linesOf(file, this.#offset)) {
        yield lines;
        this.#offset = lines[lines.length - 1].end;
      }
    } finally {
      await file.close();
    }
  }
}
