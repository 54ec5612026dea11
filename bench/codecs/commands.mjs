/**
 * The `gradcast` commands that a benchmark runs, one at a time.
 *
 * Invariant: however the benchmark ends, by a failure or a signal too, the command and what it started are gone and the
 * benchmark's folder is removed.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../report.mjs';

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const bin = join(root, 'bin', 'gradcast.mjs');
/** Of a failed command's complaint, from its end. */
const KEPT_LINES = 12;

let running;
let exitCode;

/** Runs `body` with a temporary folder; ends the program with 1 and a sentence if a command fails, 130 on Ctrl-C. */
export async function inFolder(body) {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-bench-'));
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      exitCode ??= code;
      killGroup(running);
    });
  }
  try {
    await body(folder);
  } catch (error) {
    if (exitCode === undefined && !(error instanceof CommandError)) throw error;
    if (exitCode === undefined) console.error(error.message);
    exitCode ??= 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  process.exit(exitCode ?? 0);
}

/**
 * Runs a command; resolves with its standard output if it exits with 0.
 *
 * @param onLine called with each line of its standard output.
 */
export function gradcast(args, onLine = () => undefined) {
  if (exitCode !== undefined) throw new CommandError('interrupted');
  // A group of its own: Ctrl-C on a terminal reaches the benchmark alone, which ends the whole group.
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running = child;
  let stdout = '';
  let stderr = '';
  let unread = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    const lines = (unread + text).split('\n');
    unread = lines.pop();
    lines.forEach((line) => onLine(line));
  });
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr = (stderr + text).slice(-64 * 1024)));
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(new CommandError(`gradcast ${args[0]} cannot be started`, { cause })));
    child.on('close', (code, killedBy) => {
      // What it started in turn and did not end.
      killGroup(child);
      running = undefined;
      if (code === 0) return resolve(stdout);
      const complaint = stderr.trim().split('\n').slice(-KEPT_LINES).join('\n');
      reject(new CommandError(`gradcast ${args[0]} ended with ${killedBy ?? `exit code ${code}`}:\n${complaint}`));
    });
  });
}

/** A command failed; `message` says which and how. */
class CommandError extends Error {
  name = 'CommandError';
}

function killGroup(child) {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}
