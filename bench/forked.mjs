/**
 * Processes that a benchmark starts: spoken to over their IPC pipe in messages with a `type`, never alive after the
 * benchmark, whether it ends, fails or is interrupted.
 */
import { fork } from 'node:child_process';

/** How long a process that is told to end may take; some have processes of their own to end. */
const GRACE_MS = 10_000;

const running = new Map();
let interrupted = false;

/**
 * Starts a Node program with an IPC pipe; what it prints goes to stderr, or nowhere if it is `quiet`.
 *
 * @returns `send(message)`; `next(type)`, which resolves with the next message of a type and rejects if the process says
 *   `failed` or ends without it; `ask(message, type)`, both in one; `ended`, which resolves with the exit code; `kill()`.
 */
export function startProcess(script, { args = [], execArgv = [], quiet = false } = {}) {
  const child = fork(script, args, {
    execArgv,
    stdio: quiet ? ['ignore', 'ignore', 'ignore', 'ipc'] : ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
  });
  const heard = [];
  const waiting = [];
  let failure;
  const fail = (sentence) => {
    failure ??= new Error(sentence);
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  child.on('message', (message) => {
    if (message.type === 'failed') return fail(message.sentence);
    const index = waiting.findIndex(({ type }) => type === message.type);
    if (index >= 0) waiting.splice(index, 1)[0].resolve(message);
    else heard.push(message);
  });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      fail(error.message);
      // One that could not be started has no exit.
      if (child.pid !== undefined) return;
      running.delete(child);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      running.delete(child);
      fail(`${script} ended with ${signal ?? `exit code ${code}`}`);
      resolve(code);
    });
  });
  running.set(child, ended);
  const next = (type) => {
    const index = heard.findIndex((message) => message.type === type);
    if (index >= 0) return Promise.resolve(heard.splice(index, 1)[0]);
    if (failure) return Promise.reject(failure);
    return new Promise((resolve, reject) => waiting.push({ type, resolve, reject }));
  };
  const send = (message) => {
    // A closed pipe means that the process is ending: its exit says the rest.
    if (child.connected) child.send(message, () => undefined);
  };
  return {
    pid: child.pid,
    send,
    next,
    ask: (message, type) => {
      send(message);
      return next(type);
    },
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
}

async function endAll() {
  for (const child of running.keys()) child.kill('SIGTERM');
  const timer = setTimeout(() => {
    for (const child of running.keys()) child.kill('SIGKILL');
  }, GRACE_MS);
  await Promise.all(running.values());
  clearTimeout(timer);
}

/** Runs `body`, then `cleanUp`, also when it fails or the program is told to stop. */
export async function withCleanUp(body, cleanUp) {
  const end = async () => {
    await endAll();
    await cleanUp();
  };
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    process.once(signal, () => {
      interrupted = true;
      void end().finally(() => process.exit(code));
    });
  }
  try {
    return await body();
  } catch (error) {
    // The processes were ended from here: what they failed of is no news.
    if (interrupted) return await new Promise(() => undefined);
    throw error;
  } finally {
    if (!interrupted) await end();
  }
}

/**
 * The child's side: hands each message to the handler of its type, and ends with the pipe.
 *
 * @param handlers functions from a message to the answer to send, if any.
 */
export function serveParent(handlers) {
  // On a terminal the signal reaches the whole group; the benchmark decides what it means.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    Promise.resolve()
      .then(() => handlers[message.type](message))
      .then((answer) => answer && process.send(answer))
      .catch(tellFailure);
  });
}

/** Tells the parent that this process cannot go on. */
export function tellFailure(error) {
  if (process.connected)
    process.send({ type: 'failed', sentence: error instanceof Error ? error.message : String(error) });
}
