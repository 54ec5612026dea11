/**
 * One coordinator per run folder. A lock is a folder of numbered files; the highest number is the owner's, and taking
 * a lock over means making the next number with `link`, which only one process can do and which never shows a file
 * without its content. Numbers never go back, so a slow contender that decided on old facts finds its number taken
 * or outdated, and two owners cannot come about however many processes try at once.
 *
 * A lock whose owner is gone is taken over. The owner of one from another host cannot be looked up, so that one
 * stands until a person removes it.
 */
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TEMPORARY_PREFIX, writeAtomically } from './atomic.ts';
import { RunError, systemCode } from './errors.ts';
import type { ProcessIdentity, ProcessTable } from './processes.ts';

/** Takeovers that may be lost to other processes before this one gives up. */
const ATTEMPTS = 5;

const RELEASED = 'released\n';

/**
 * Locks a run.
 *
 * @param lock the lock's folder, inside the run's.
 * @returns a function that releases the lock.
 * @throws RunError `run-locked` if its owner lives or cannot be looked up, `out-not-writable`.
 */
export async function lockRun(lock: string, processes: ProcessTable): Promise<() => Promise<void>> {
  const draft = join(lock, `${TEMPORARY_PREFIX}${processes.self.pid}`);
  try {
    await mkdir(lock).catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error;
    });
    await writeFile(draft, `${JSON.stringify(processes.self)}\n`);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const path = await take(lock, draft, processes);
      if (path !== undefined) return () => release(path);
    }
  } catch (cause) {
    if (cause instanceof RunError) throw cause;
    throw new RunError('out-not-writable', `${lock} cannot be written (${systemCode(cause)})`, { cause });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
  throw new RunError('run-locked', `${dirname(lock)} is being opened by another process`);
}

/** A lock that cannot be released is no harm: it is stale once this process has ended. */
async function release(path: string): Promise<void> {
  await writeAtomically(path, [new TextEncoder().encode(RELEASED)]).catch(() => undefined);
}

/** One try: the path of the number taken, or undefined if another process was faster. */
async function take(lock: string, draft: string, processes: ProcessTable): Promise<string | undefined> {
  const numbers = await numbersIn(lock);
  const newest = numbers.at(-1) ?? 0;
  if (newest > 0) {
    const content = await readFile(join(lock, String(newest)), 'utf8').catch(() => undefined);
    if (content === undefined) return undefined;
    assertFree(content, lock, processes);
  }
  const path = join(lock, String(newest + 1));
  if (!(await tryLink(draft, path))) return undefined;
  if ((await numbersIn(lock)).at(-1) !== newest + 1) {
    await rm(path, { force: true });
    return undefined;
  }
  // The number before stays until the next takeover, so that a listing always shows at least one of the two.
  for (const number of numbers.slice(0, -1)) await rm(join(lock, String(number)), { force: true });
  return path;
}

async function numbersIn(lock: string): Promise<number[]> {
  const names = await readdir(lock);
  const numbers = names.filter((name) => /^[1-9][0-9]{0,14}$/.test(name)).map(Number);
  return numbers.sort((a, b) => a - b);
}

async function tryLink(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function assertFree(content: string, lock: string, { self, startOf }: ProcessTable): void {
  if (content === RELEASED) return;
  const owner = parseOwner(content);
  const run = dirname(lock);
  if (!owner) throw new RunError('run-locked', `${run} is locked by a file nobody can read; remove ${lock}`);
  if (owner.host !== self.host) {
    throw new RunError(
      'run-locked',
      `${run} is locked by process ${owner.pid} on ${owner.host}; if that host is gone, remove ${lock}`,
    );
  }
  if (owner.boot !== self.boot || startOf(owner.pid) !== owner.started) return;
  throw new RunError('run-locked', `${run} is in use by process ${owner.pid}`);
}

function parseOwner(content: string): ProcessIdentity | undefined {
  try {
    const owner = JSON.parse(content) as Partial<ProcessIdentity> | null;
    const { pid, host, boot, started } = owner ?? {};
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    if (typeof boot !== 'string' || typeof started !== 'string') return undefined;
    return { pid, host, boot, started };
  } catch {
    return undefined;
  }
}
