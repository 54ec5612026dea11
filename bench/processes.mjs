/**
 * The processes that a benchmark compares: all on the same cores, none left behind.
 *
 * Invariants: whatever way a benchmark ends, by a failure or a signal too, its processes are gone and its folder is
 * removed. All processes of all contestants belong to the benchmark's own session: Linux shares processors between
 * sessions first (autogroups), so two processes with a session each would get twice the share of a contestant that has
 * one for all of its own, as soon as the machine has other work.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from './report.mjs';

/** What ends a benchmark with one sentence: exit code 2 for what the user got wrong, else 1. */
export class BenchmarkError extends Error {
  constructor(sentence, { exitCode = 1, cause } = {}) {
    super(sentence, { cause });
    this.name = 'BenchmarkError';
    this.exitCode = exitCode;
  }
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
/** No process of a benchmark takes longer; one that hangs must not hang a night. */
const LIMIT_MS = 15 * 60_000;
/** For a clean end, children included, before it is forced. */
const PATIENCE_MS = 15_000;
const bin = join(root, 'bin', 'gradcast.mjs');
/** Of a failed process's complaint, from its end. */
const KEPT_LINES = 12;

const interruption = new AbortController();

/**
 * Runs a benchmark in a temporary folder and sees to its end: exit code 130 on Ctrl-C, one sentence for a
 * {@link BenchmarkError}.
 */
export async function runBenchmark(body) {
  let interruptedCode;
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      interruptedCode ??= code;
      interruption.abort();
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-bench-'));
  let exitCode = 0;
  try {
    await body(folder);
  } catch (error) {
    if (interruptedCode === undefined && !(error instanceof BenchmarkError)) throw error;
    if (interruptedCode === undefined) console.error(error.message);
    exitCode = interruptedCode ?? error.exitCode;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  // The listeners above would keep nothing alive; what a failed round left open would.
  process.exit(exitCode);
}

/**
 * The two cores that every contestant's processes may use, coordinators included, and no others: a contestant with more
 * processes or threads than workers gets nothing extra for them. Which worker runs where is the scheduler's choice.
 * Undefined where processes cannot be confined: not on Linux, or without `taskset`.
 */
export function twoCores() {
  if (process.platform !== 'linux' || !isOnPath('taskset')) return undefined;
  const allowed = parseList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  // Two hardware threads of one core are no two cores.
  const firstOfEach = allowed.filter((core) => siblingsOf(core).find((other) => allowed.includes(other)) === core);
  return [...new Set([...firstOfEach, ...allowed])].slice(0, 2);
}

function siblingsOf(core) {
  try {
    return parseList(readFileSync(`/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`, 'utf8').trim());
  } catch {
    return [core];
  }
}

/** `0-2,5` as numbers. */
function parseList(text) {
  return text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Starts a program, on `cores` if given.
 *
 * @param onLine called with each line of its standard output.
 * @param onMessage called with each message over its channel; without it there is none.
 * @param signal ends the program.
 * @returns the child, and `ended`, which resolves with all of standard output if it exits with 0 and rejects with a
 *   {@link BenchmarkError} otherwise, also when the benchmark is interrupted.
 */
export function start({ name, command, args, env = process.env, cores, onLine, onMessage, signal, cwd }) {
  const [program, ...rest] = cores ? ['taskset', '-c', cores.join(','), command, ...args] : [command, ...args];
  const stdio = ['ignore', 'pipe', 'pipe', ...(onMessage ? ['ipc'] : [])];
  const child = spawn(program, rest, { env, cwd, stdio });
  let stdout = '';
  let stderr = '';
  let unread = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    const lines = (unread + text).split('\n');
    unread = lines.pop();
    if (onLine) for (const line of lines) onLine(line);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-64 * 1024)));
  if (onMessage) child.on('message', onMessage);
  let force;
  const stop = () => {
    child.kill('SIGTERM');
    force ??= setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  };
  const timer = setTimeout(stop, LIMIT_MS);
  const signals = AbortSignal.any([interruption.signal, ...(signal ? [signal] : [])]);
  signals.addEventListener('abort', stop);
  if (signals.aborted) stop();
  const ended = new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(new BenchmarkError(`${name} cannot be started: ${cause.message}`, { cause })));
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      clearTimeout(force);
      signals.removeEventListener('abort', stop);
      if (code === 0) return resolve(stdout);
      const complaint = stderr.trim().split('\n').slice(-KEPT_LINES).join('\n');
      const how = killedBy ? `was ended by ${killedBy}` : `ended with exit code ${code}`;
      reject(new BenchmarkError(`${name} ${how}:\n${complaint}`));
    });
  });
  return { child, ended };
}

/** Runs a `gradcast` command to its end, as {@link start}; resolves with its standard output. */
export function gradcast(args, options = {}) {
  const name = `gradcast ${args[0]}`;
  return start({ ...options, name, command: process.execPath, args: [bin, ...args] }).ended;
}

/** Processes that need each other: when one fails, the others are ended. */
export class Together {
  #failure = new AbortController();
  #results = [];

  /** As {@link start}. */
  start(options) {
    const process = start({ ...options, signal: this.#failure.signal });
    process.ended.catch((error) => this.#failure.abort(error));
    this.#results.push(process.ended);
    return process;
  }

  /** Resolves with what each printed, in the order in which they were started; rejects with the first failure. */
  async ended() {
    let settled = [];
    while (settled.length < this.#results.length) settled = await Promise.allSettled(this.#results);
    // The first to fail says why; the others were ended because of it.
    if (this.#failure.signal.aborted) throw this.#failure.signal.reason;
    return settled.map(({ value }) => value);
  }
}

/** Ports on loopback that nobody uses. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      return new Promise((resolve, reject) => {
        const server = createServer();
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
