/**
 * Whether a run is open, as far as a look at its lock tells. Nothing is taken and nothing waited for: who wants the lock has
 * `run-lock.ts`, which watches a heart for as long as it takes.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemProcesses } from './processes.ts';
import type { ProcessTable } from './processes.ts';
import { beatPath, numbersIn, parseOwner, PATIENCE_MS, RELEASED } from './run-lock.ts';

/** `free`: given back, or never taken. `held`: its owner lives. `abandoned`: its owner is gone. */
export type LockHolder = 'free' | 'held' | 'abandoned';

/**
 * Looks at the lock of the run in a folder. Of an owner on another machine, or in another container, only the time of its
 * last heartbeat tells; clocks that differ by seconds do not matter.
 *
 * @param now milliseconds since 1970.
 */
export async function lockHolder(
  run: string,
  now: number,
  { self, startOf }: ProcessTable = systemProcesses(),
): Promise<LockHolder> {
  const lock = join(run, 'lock');
  const number = (await numbersIn(lock).catch(() => [])).at(-1);
  if (number === undefined) return 'free';
  const content = await readFile(join(lock, String(number)), 'utf8').catch(() => RELEASED);
  if (content === RELEASED) return 'free';
  const owner = parseOwner(content);
  if (!owner) return 'abandoned';
  if (owner.host === self.host && owner.boot === self.boot) {
    const started = startOf(owner.pid);
    if (started === owner.started) return 'held';
    const isKnown = started === undefined || started !== '';
    if (owner.space === self.space && isKnown) return 'abandoned';
  }
  const beat = await stat(beatPath(lock, number)).catch(() => undefined);
  return beat && Math.abs(now - beat.mtimeMs) < PATIENCE_MS ? 'held' : 'abandoned';
}
