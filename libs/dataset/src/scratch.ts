/**
 * Where samples are unpacked that are too many to be held and lie in no file that can be read by range: one file in the
 * user's cache folder, without a name as soon as it is open, so that it is gone with the process whatever ends it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@gradcast/files';
import { ByteFile } from './byte-file.ts';
import { DatasetError } from './errors.ts';

/** Left free on the disk. */
const SPARE_BYTES = 2 ** 28;

export class Scratch {
  readonly #handle: FileHandle;
  readonly #folder: string;
  #written = 0;

  private constructor(handle: FileHandle, folder: string) {
    this.#handle = handle;
    this.#folder = folder;
  }

  /**
   * @param title of what is unpacked, for an error.
   * @throws DatasetError `data-space` if the folder has no room or cannot be written.
   */
  static async create(folder: string, { bytes, title }: { bytes: number; title: string }): Promise<Scratch> {
    try {
      await mkdir(folder, { recursive: true });
      const { bavail, bsize } = await statfs(folder);
      if (bavail * bsize < bytes + SPARE_BYTES) {
        throw new DatasetError(
          'data-space',
          `${title} is ${bytes} bytes when unpacked, for which ${folder} has no room: ${REMEDY}`,
        );
      }
      const path = join(folder, `unpacked-${randomUUID()}`);
      const handle = await open(path, 'wx+', 0o600);
      await rm(path);
      return new Scratch(handle, folder);
    } catch (error) {
      throw failed(folder, error);
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.#handle
        .write(chunk, done, chunk.length - done, this.#written)
        .catch((error: unknown) => Promise.reject(failed(this.#folder, error)));
      done += bytesWritten;
      this.#written += bytesWritten;
    }
  }

  /** What was written, to be read. */
  done(): Promise<ByteFile> {
    return ByteFile.of(this.#folder, this.#handle);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

const REMEDY = 'make room, let GRADCAST_CACHE name another folder, or convert the data set to .npy';

function failed(folder: string, cause: unknown): DatasetError {
  if (cause instanceof DatasetError) return cause;
  return new DatasetError(
    'data-space',
    `the data set cannot be unpacked in ${folder} (${systemCode(cause)}): ${REMEDY}`,
    {
      cause,
    },
  );
}
