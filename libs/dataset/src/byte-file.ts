/**
 * A file of a data set, open for as long as it is read: reading by range, and the proof that nobody has changed it.
 */
import { readSync, fstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { sep } from 'node:path';
import { DatasetError } from './errors.ts';

/** What is read in one go where a whole file is read. A multiple of every element's size. */
const CHUNK_BYTES = 2 ** 20;

export class ByteFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #opened: BigIntStats;

  private constructor(path: string, handle: FileHandle, opened: BigIntStats) {
    this.path = path;
    this.size = Number(opened.size);
    this.#handle = handle;
    this.#opened = opened;
  }

  /**
   * @param root the real path of the data folder: no link may lead out of it.
   * @throws DatasetError `data-link`, `data-unreadable`.
   */
  static async open(path: string, root: string): Promise<ByteFile> {
    await assertWithin(path, root);
    await assertFile(path);
    const handle = await open(path, 'r').catch((error: unknown) => Promise.reject(unreadable(path, error)));
    return ByteFile.of(path, handle);
  }

  /** A file that is open; it is closed if it cannot be used. @throws DatasetError `data-unreadable`. */
  static async of(path: string, handle: FileHandle): Promise<ByteFile> {
    try {
      const stats = await handle.stat({ bigint: true });
      return new ByteFile(path, handle, stats);
    } catch (error) {
      await handle.close();
      throw unreadable(path, error);
    }
  }

  /** Fills `into` from a place of the file. @throws DatasetError `data-changed` if it ends sooner, `data-unreadable`. */
  async fill(into: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < into.length;) {
      const { bytesRead } = await this.#handle
        .read(into, done, into.length - done, position + done)
        .catch((error: unknown) => Promise.reject(unreadable(this.path, error)));
      if (bytesRead === 0) throw this.#changed();
      done += bytesRead;
    }
  }

  /** The same, waiting for the disk. */
  fillSync(into: Uint8Array, position: number): void {
    for (let done = 0; done < into.length;) {
      let bytesRead: number;
      try {
        bytesRead = readSync(this.#handle.fd, into, done, into.length - done, position + done);
      } catch (error) {
        throw unreadable(this.path, error);
      }
      if (bytesRead === 0) throw this.#changed();
      done += bytesRead;
    }
  }

  /** All bytes from a place on, in order; a chunk is good until the next one is asked for. */
  async *chunks(from: number): AsyncGenerator<Uint8Array, void> {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(0, this.size - from)));
    for (let at = from; at < this.size; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, this.size - at));
      await this.fill(part, at);
      yield part;
    }
    await this.assertUnchanged();
  }

  /** To be asked after reading. @throws DatasetError `data-changed` if size or time are not those of before. */
  async assertUnchanged(): Promise<void> {
    this.#compare(await this.#handle.stat({ bigint: true }));
  }

  assertUnchangedSync(): void {
    this.#compare(fstatSync(this.#handle.fd, { bigint: true }));
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #compare({ size, mtimeNs }: BigIntStats): void {
    if (size !== this.#opened.size || mtimeNs !== this.#opened.mtimeNs) throw this.#changed();
  }

  #changed(): DatasetError {
    return new DatasetError('data-changed', `${this.path} was changed while it was read`);
  }
}

/** @throws DatasetError `data-link` if the path, links followed, does not lie in a folder; `data-unreadable`. */
export async function assertWithin(path: string, root: string): Promise<void> {
  const real = await realpath(path).catch((error: unknown) => Promise.reject(unreadable(path, error)));
  if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
  const remedy = 'copy it there, or name the folder that it lies in';
  throw new DatasetError('data-link', `${path} is a link that leads out of the data folder: ${remedy}`);
}

/** To be asked before opening: opening a pipe waits for whoever writes to it. @returns its size. @throws DatasetError `data-unreadable`. */
export async function assertFile(path: string): Promise<number> {
  const found = await stat(path).catch((error: unknown) => Promise.reject(unreadable(path, error)));
  if (!found.isFile()) throw new DatasetError('data-unreadable', `${path} is no file`);
  return found.size;
}

/** An error of the system as a sentence. */
export function unreadable(path: string, cause: unknown): DatasetError {
  if (cause instanceof DatasetError) return cause;
  const why = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new DatasetError('data-unreadable', `${path} cannot be read (${why})`, { cause });
}
