/**
 * What was timed on this machine's adapters: a file for each in the cache folder. One that cannot be read is none, and one that
 * cannot be written costs the next start some seconds, nothing more.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, writeAtomically } from '@gradcast/files';
import type { TuningStore } from '@gradcast/webgpu';
import { withLock } from '../native/lock.ts';

/** Somebody who times takes ten seconds, and a little. */
const LONGEST_WAIT_MS = 30_000;
const POLL_MS = 100;

export function tuningStore(cache: string = cacheFolder()): TuningStore {
  const folder = join(cache, 'tuning');
  const pathOf = (key: string) => join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 16)}.json`);
  return {
    read: (key) => readFile(pathOf(key), 'utf8').catch(() => undefined),
    write: async (key, text) => {
      try {
        await mkdir(folder, { recursive: true });
        await writeAtomically(pathOf(key), [new TextEncoder().encode(text)]);
      } catch {
        // Read-only or full.
      }
    },
    exclusively: async (key, work) => {
      let begun: ReturnType<typeof work> | undefined;
      const once = () => (begun ??= work());
      try {
        await mkdir(folder, { recursive: true });
        return await withLock(`${pathOf(key)}.lock`, { pollMs: POLL_MS, limitMs: LONGEST_WAIT_MS }, once);
      } catch {
        // Without a lock, or after somebody who never ends; a failure of the work is what it gives again.
        return once();
      }
    },
  };
}
