/**
 * How much room is left where a run writes, for Prometheus. The system is asked now and then, and nobody waits for it: a network
 * file system may take its time. What it does not tell is not shown anew.
 */
import { statfs } from 'node:fs/promises';
import { OneAtATime } from './one-at-a-time.ts';

export interface Space {
  /** What this user may still write. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

export interface DiskSpaceOptions {
  /** A folder on the file system. */
  readonly path: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onMeasured: (space: Space) => void;
  /** Asks the system; the real one unless a test gives another. */
  readonly ask?: (path: string) => Promise<Space>;
}

const PAUSE_MS = 15_000;

export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  readonly #asking = new OneAtATime();
  #askedAt = -Infinity;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
  }

  /** Asks if it is time and no answer is waited for. */
  tick(): void {
    const { now, path, ask = spaceOf, onMeasured } = this.#options;
    if (now() - this.#askedAt < PAUSE_MS) return;
    this.#asking.begin(() => {
      this.#askedAt = now();
      return ask(path).then(onMeasured, () => undefined);
    });
  }
}

async function spaceOf(path: string): Promise<Space> {
  const { bsize, bavail, blocks } = await statfs(path);
  return { freeBytes: bsize * bavail, sizeBytes: bsize * blocks };
}
