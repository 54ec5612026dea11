/**
 * Debian's Firefox, headless, with a profile and a home of its own, driven by WebDriver BiDi: playwright can drive only a Firefox
 * that was changed for it.
 *
 * Invariant: {@link Firefox.close} leaves none of its processes and nothing of its profile behind.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { allGone, descendantsOf } from './processes.ts';

const PROGRAM = process.env['TEST_FIREFOX'] ?? '/usr/bin/firefox-esr';

export const hasFirefox = existsSync(PROGRAM);

const START_SECONDS = 60;
const LISTENING = /WebDriver BiDi listening on (ws:\/\/\S+)/;

/** An answer of the browser. Source: W3C, WebDriver BiDi, section 3.4. */
interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
}

interface Evaluated {
  readonly type: 'success' | 'exception';
  readonly result?: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string };
}

/** One tab. */
export interface FirefoxTab {
  /** Resolves when the page has loaded. */
  goto(url: string): Promise<void>;
  /** The value of an expression, or of its promise, if it is a text, a number or a truth value. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

export class Firefox {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #socket: WebSocket;
  readonly #asked = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #next = 1;

  private constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child;
    this.#folder = folder;
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString()) as Answer));
    socket.on('close', () => {
      for (const { reject } of this.#asked.values()) reject(new Error('Firefox hung up'));
      this.#asked.clear();
    });
    socket.on('error', () => socket.terminate());
  }

  /** @throws Error with what it said if it does not start. */
  static async start(): Promise<Firefox> {
    const folder = await mkdtemp(join(tmpdir(), 'gradcast-firefox-'));
    const child = spawn(PROGRAM, ['--headless', '--no-remote', '--profile', folder, '--remote-debugging-port', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: folder },
    });
    try {
      const socket = new WebSocket(`${await addressOf(child)}/session`, { perMessageDeflate: false });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      const firefox = new Firefox(child, folder, socket);
      await firefox.#ask('session.new', { capabilities: {} });
      return firefox;
    } catch (error) {
      await end(child, folder);
      throw error;
    }
  }

  async newTab(): Promise<FirefoxTab> {
    const { context } = (await this.#ask('browsingContext.create', { type: 'tab' })) as { readonly context: string };
    return {
      goto: async (url) => {
        await this.#ask('browsingContext.navigate', { context, url, wait: 'complete' });
      },
      evaluate: async (expression) => {
        const params = { expression, target: { context }, awaitPromise: true };
        const { type, result, exceptionDetails } = (await this.#ask('script.evaluate', params)) as Evaluated;
        if (type === 'exception') throw new Error(`${expression}: ${exceptionDetails?.text}`);
        return result?.value;
      },
      close: async () => {
        await this.#ask('browsingContext.close', { context });
      },
    };
  }

  async close(): Promise<void> {
    this.#socket.terminate();
    await end(this.#child, this.#folder);
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return reject(new Error('Firefox is gone'));
      this.#asked.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #take({ id, result, error, message }: Answer): void {
    const asked = id === undefined ? undefined : this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id!);
    if (error === undefined) asked.resolve(result);
    else asked.reject(new Error(`Firefox: ${error}: ${message}`));
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (what: string) => reject(new Error(`Firefox ${what}: ${said}`));
    const timer = setTimeout(() => fail(`did not start within ${START_SECONDS} s`), START_SECONDS * 1000);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      const found = LISTENING.exec((said += text))?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      // Its pipe is emptied for as long as it runs.
      child.stderr!.removeAllListeners('data').resume();
      resolve(found);
    });
    child.once('error', (error) => fail(`could not be started (${error.message})`));
    child.once('exit', (code) => fail(`ended with ${code}`));
  });
}

/** A browser is many processes. */
async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.pid !== undefined) {
    const pids = [child.pid, ...descendantsOf(child.pid).map(({ pid }) => pid)];
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went with another one.
      }
    }
    await allGone(pids);
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
