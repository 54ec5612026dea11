/**
 * One coordinator per run folder. A lock is a folder of numbered files; the highest number is the owner's, and taking
 * a lock over means making the next number with `link`, which only one process can do and which never shows a file
 * without its content. Numbers never go back, so a slow contender that decided on old facts finds its number taken
 * or outdated, and two owners cannot come about however many processes try at once.
 *
 * A lock whose owner is gone is taken over. Where the owner is a process that can be looked up here, that is known at once.
 * Elsewhere (another host, another start of the machine, another container) only its heartbeat tells: the owner writes
 * another word into a file beside its number every {@link BEAT_MS}, and who wants the lock watches it on a clock of its own
 * for {@link PATIENCE_MS}. An owner that stood still for so long finds its lock taken with its next beat, and must stop.
 */
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { RunError, systemCode, TEMPORARY_PREFIX, writeAtomically } from '@gradcast/files';
import type { ProcessIdentity, ProcessTable } from './processes.ts';

/** Takeovers that may be lost to other processes before this one gives up. */
const ATTEMPTS = 5;

const BEAT_MS = 2_000;
/** Ten beats: an owner whose disk or process stands still for less keeps its lock. */
export const PATIENCE_MS = 20_000;
const LOOK_MS = 500;

export const RELEASED = 'released\n';

/** What a lock needs of time; tests move it by hand. */
export interface LockClock {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Calls back again and again; the result ends it. */
  readonly every: (ms: number, beat: () => void) => () => void;
}

const SYSTEM_CLOCK: LockClock = {
  now: () => performance.now(),
  sleep: (ms) => setTimeout(ms),
  every: (ms, beat) => {
    const timer = setInterval(beat, ms).unref();
    return () => clearInterval(timer);
  },
};

/** A lock that is held. */
export interface HeldLock {
  /** Aborts when another process has taken the lock over: nothing may be written any more. */
  readonly lost: AbortSignal;
  /** Gives the lock back. */
  readonly release: () => Promise<void>;
}

/**
 * Locks a run.
 *
 * @param lock the lock's folder, inside the run's.
 * @throws RunError `run-locked` if its owner lives or cannot be known, `out-not-writable`.
 */
export async function lockRun(lock: string, processes: ProcessTable, clock = SYSTEM_CLOCK): Promise<HeldLock> {
  const draft = join(lock, `${TEMPORARY_PREFIX}${processes.self.pid}`);
  try {
    await mkdir(lock).catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error;
    });
    await writeFile(draft, `${JSON.stringify({ ...processes.self, beatMs: BEAT_MS })}\n`);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const number = await take({ lock, draft, processes, clock });
      if (number !== undefined) return await hold(lock, number, clock);
    }
  } catch (cause) {
    if (cause instanceof RunError) throw cause;
    throw new RunError('out-not-writable', `${lock} cannot be written (${systemCode(cause)})`, { cause });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
  throw new RunError('run-locked', `${dirname(lock)} is being opened by another process`);
}

/** Beats until the lock is given back or lost. */
async function hold(lock: string, number: number, clock: LockClock): Promise<HeldLock> {
  const lost = new AbortController();
  const path = join(lock, String(number));
  let beats = 0;
  // Always as long: a full disk has room for it.
  const word = () => String(beats++).padStart(15, '0');
  await writeFile(beatPath(lock, number), word());
  let beating: Promise<void> | undefined;
  const beat = async (): Promise<void> => {
    await writeFile(beatPath(lock, number), word(), { flag: 'r+' }).catch(() => undefined);
    const newest = await numbersIn(lock).then(
      (numbers) => numbers.at(-1),
      (error: unknown) => (systemCode(error) === 'ENOENT' ? undefined : number),
    );
    if (newest !== number) lost.abort();
  };
  const end = clock.every(BEAT_MS, () => {
    beating ??= beat().finally(() => (beating = undefined));
  });
  const release = async (): Promise<void> => {
    end();
    await beating;
    // A lock that cannot be released is no harm: it is stale once this process has ended.
    if (lost.signal.aborted) return;
    await writeAtomically(path, [new TextEncoder().encode(RELEASED)]).catch(() => undefined);
    await rm(beatPath(lock, number), { force: true }).catch(() => undefined);
  };
  return { lost: lost.signal, release };
}

export function beatPath(lock: string, number: number): string {
  return join(lock, `${number}.beat`);
}

interface Taking {
  readonly lock: string;
  readonly draft: string;
  readonly processes: ProcessTable;
  readonly clock: LockClock;
}

/** One try: the number taken, or undefined if another process was faster. */
async function take({ lock, draft, processes, clock }: Taking): Promise<number | undefined> {
  const numbers = await numbersIn(lock);
  const newest = numbers.at(-1) ?? 0;
  if (newest > 0) {
    const content = await readFile(join(lock, String(newest)), 'utf8').catch(() => undefined);
    if (content === undefined) return undefined;
    const owner = ownerToWatch(content, lock, processes);
    if (owner && !(await isStill(owner, { lock, number: newest, content, clock }))) return undefined;
  }
  const path = join(lock, String(newest + 1));
  if (!(await tryLink(draft, path))) return undefined;
  if ((await numbersIn(lock)).at(-1) !== newest + 1) {
    await rm(path, { force: true });
    return undefined;
  }
  // The number before stays until the next takeover, so that a listing always shows at least one of the two.
  for (const number of numbers.slice(0, -1)) await rm(join(lock, String(number)), { force: true });
  for (const number of numbers) await rm(beatPath(lock, number), { force: true });
  return newest + 1;
}

export async function numbersIn(lock: string): Promise<number[]> {
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

/** An owner as a lock names it; locks of earlier versions have no heart. */
interface Owner extends Omit<ProcessIdentity, 'space'> {
  readonly space: string | undefined;
  readonly beatMs: number | undefined;
}

/**
 * The owner that only its heartbeat can tell of; undefined if the lock is free.
 *
 * @throws RunError `run-locked` if the owner lives, or nothing tells.
 */
function ownerToWatch(content: string, lock: string, { self, startOf }: ProcessTable): Owner | undefined {
  if (content === RELEASED) return undefined;
  const owner = parseOwner(content);
  const run = dirname(lock);
  if (!owner) throw new RunError('run-locked', `${run} is locked by a file nobody can read; remove ${lock}`);
  if (owner.host === self.host && owner.boot === self.boot) {
    const started = startOf(owner.pid);
    if (started === owner.started) throw new RunError('run-locked', `${run} is in use by process ${owner.pid}`);
    const isKnown = started === undefined || started !== '';
    if (owner.space === self.space && isKnown) return undefined;
  }
  if (owner.beatMs === undefined && owner.host !== self.host) {
    throw new RunError(
      'run-locked',
      `${run} is locked by process ${owner.pid} on ${owner.host}; if that host is gone, remove ${lock}`,
    );
  }
  return owner;
}

interface Watching {
  readonly lock: string;
  readonly number: number;
  readonly content: string;
  readonly clock: LockClock;
}

/**
 * Watches a lock until its owner must be dead. No clock of the owner's is believed: only that its word changes counts.
 *
 * @returns false if the lock was given back or taken meanwhile.
 * @throws RunError `run-locked` as soon as its heart beats.
 */
async function isStill({ pid, host }: Owner, { lock, number, content, clock }: Watching): Promise<boolean> {
  const word = () => readFile(beatPath(lock, number), 'utf8').catch(() => '');
  const first = await word();
  const since = clock.now();
  while (clock.now() - since < PATIENCE_MS) {
    await clock.sleep(LOOK_MS);
    const now = await readFile(join(lock, String(number)), 'utf8').catch(() => undefined);
    if (now !== content) return false;
    // An empty word is one that is being written.
    const next = await word();
    if (next !== first && next !== '') {
      throw new RunError('run-locked', `${dirname(lock)} is in use by process ${pid} on ${host}`);
    }
  }
  return (await numbersIn(lock)).at(-1) === number;
}

export function parseOwner(content: string): Owner | undefined {
  try {
    const owner = JSON.parse(content) as Partial<Owner> | null;
    const { pid, host, boot, started, space, beatMs } = owner ?? {};
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    if (typeof boot !== 'string' || typeof started !== 'string') return undefined;
    return { pid, host, boot, started, space, beatMs };
  } catch {
    return undefined;
  }
}
