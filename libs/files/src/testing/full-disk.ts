/** A disk with little room, for tests: writes stop short of it and then fail as the system's do. */
import { open } from 'node:fs/promises';
import type { LineTarget } from '../line-file.ts';

export class FullDisk {
  readonly #path: string;
  /** Bytes that may still be written. */
  room: number;

  constructor(path: string, room: number) {
    this.#path = path;
    this.room = room;
  }

  /** What {@link LineFile} opens its file with. */
  readonly open = async (): Promise<LineTarget> => {
    const file = await open(this.#path, 'w+');
    return {
      write: async (bytes, offset, length, position) => {
        const count = Math.min(length, this.room);
        if (count === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        this.room -= count;
        return file.write(bytes, offset, count, position);
      },
      truncate: (length) => file.truncate(length),
      datasync: () => file.datasync(),
      close: () => file.close(),
    };
  };
}
