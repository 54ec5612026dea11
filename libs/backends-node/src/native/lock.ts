/**
 * Keeps two installations into the same place apart, also from two containers that share a cache volume.
 *
 * The lock is a file made with O_EXCL. Its owner touches it every two seconds; a lock that was not touched while
 * somebody watched it for half a minute belongs to nobody any more, and on its own host a dead process's lock is
 * taken at once.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { interrupted, nativeError } from './errors.ts';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once if somebody else holds the lock. */
  readonly onWait?: (() => void) | undefined;
  /** How often a waiter looks, in milliseconds. */
  readonly pollMs?: number;
  /** A lock untouched for this long while being watched is stale. */
  readonly staleMs?: number;
  /** Longest wait for a lock that stays alive. */
  readonly limitMs?: number;
}

const TOUCH_MS = 2_000;

/**
 * Runs `work` while holding the lock at `path`.
 *
 * @throws BackendError `install-locked` when its owner is alive for longer than the limit; `install-interrupted` when
 *   the signal fires while waiting.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const token = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}\n`;
  await acquire(path, token, options);
  const touch = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), TOUCH_MS);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    if ((await contentOf(path)) === token) await rm(path, { force: true });
  }
}

async function acquire(path: string, token: string, options: LockOptions): Promise<void> {
  const { signal, onWait, pollMs = 250, staleMs = 30_000, limitMs = 3_600_000 } = options;
  const began = performance.now();
  let seen = '';
  let seenAt = began;
  let told = false;
  for (;;) {
    if (await create(path, token)) return;
    const now = performance.now();
    const content = await contentOf(path);
    const state = `${content ?? ''}${String(await touchedAt(path))}`;
    if (state !== seen) {
      seen = state;
      seenAt = now;
    }
    if (content !== undefined && (ownerIsDead(content) || now - seenAt > staleMs)) await remove(path, content);
    else if (now - began > limitMs) {
      throw nativeError(
        'install-locked',
        `another process has been installing for ${Math.round(limitMs / 60_000)} minutes`,
        `end it, or remove ${path}`,
      );
    } else {
      if (!told) onWait?.();
      told = true;
      await sleep(pollMs, undefined, signal ? { signal } : {}).catch(() => {
        throw interrupted();
      });
    }
  }
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(token).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

async function touchedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** True only for a process of this host that is gone. A half-written lock names nobody and ages out. */
function ownerIsDead(content: string): boolean {
  const [pid, host] = content.split(' ');
  if (!pid || host !== hostname() || !/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Moves the lock aside before removing it: if a new owner was faster, its lock goes back. */
async function remove(path: string, content: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await contentOf(aside)) === content) await rm(aside, { force: true });
  else await rename(aside, path).catch(() => undefined);
}
