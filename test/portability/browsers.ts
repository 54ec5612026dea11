/** Runs a page in a browser, headless: a server on loopback, a profile of its own, an answer for each post. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { loadDataset, wholeColumn } from '@gradcast/dataset';
import { pageScript } from './bundle.ts';
import type { Answer, Request } from './steps.ts';

export type BrowserName = 'chromium' | 'firefox';

const PROGRAMS: Record<BrowserName, readonly string[]> = {
  chromium: ['/usr/bin/chromium', '/usr/bin/google-chrome'],
  firefox: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
};

/** Path of an installed browser. */
export function browserProgram(name: BrowserName): string | undefined {
  return PROGRAMS[name].find((path) => existsSync(path));
}

/** A type and what is of it. */
export type Content = readonly [type: string, body: string | Uint8Array];

/** A page that runs `/page.js`, and what it needs of its server. */
export interface Page {
  /** What lies at a path, `/page.js` first; nothing else is there but the binaries of `wasm` under `/wasm/`. */
  readonly content: (path: string) => Promise<Content | undefined>;
  /** Takes what the page posts to `/report`. @returns whether the page is done. @throws what the visit shall end with. */
  readonly onReport: (report: unknown) => boolean;
  readonly limitMs: number;
  /** Of the browser, besides those of every visit. */
  readonly flags?: readonly string[];
}

interface Report {
  readonly answer?: Answer;
  readonly failed?: string;
  readonly done?: boolean;
  readonly isolated?: boolean;
}

/** @throws Error with the page's own words if it failed, or if the browser ended or the time was over before it was done. */
export async function askBrowser(
  name: BrowserName,
  request: Request,
  { limitMs, onAnswer }: { limitMs: number; onAnswer: (answer: Answer) => void },
): Promise<void> {
  const script = await pageScript();
  const content = async (path: string): Promise<Content | undefined> => {
    if (path === '/page.js') return ['text/javascript', script];
    if (path === '/request') return ['application/json', JSON.stringify(request)];
    if (path !== '/images' && path !== '/labels') return undefined;
    const { inputs, labels } = await loadDataset();
    return ['application/octet-stream', wholeColumn(path === '/images' ? inputs : labels!) as Uint8Array];
  };
  const onReport = (report: unknown) => {
    const { answer, failed, done = false, isolated } = report as Report;
    if (answer) onAnswer(answer);
    if (failed !== undefined) throw new Error(failed);
    if (done && isolated !== true) throw new Error('the page was not isolated');
    return done;
  };
  await visit(name, { content, onReport, limitMs });
}

/** @throws what the page's reports throw; Error if the browser ended or the time was over before the page was done. */
export async function visit(name: BrowserName, page: Page): Promise<void> {
  const program = browserProgram(name);
  if (!program) throw new Error(`${name} is not installed`);
  const profile = await mkdtemp(join(tmpdir(), `gradcast-${name}-`));
  const { resolve, reject, promise } = deferred();
  const server = await serve(page, { resolve, reject });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const flags: Record<BrowserName, string[]> = {
    chromium: ['--headless=new', '--no-sandbox', `--user-data-dir=${profile}`, '--remote-debugging-port=0', url],
    firefox: ['--headless', '--profile', profile, '--no-remote', url],
  };
  const child = spawn(program, [...(page.flags ?? []), ...flags[name]], {
    stdio: 'ignore',
    detached: true,
    env: { PATH: process.env['PATH'], HOME: profile },
  });
  child.on('error', reject).on('exit', (code) => reject(new Error(`${name} ended with ${code} before it was done`)));
  const late = () => reject(new Error(`${name} was not done after ${page.limitMs / 1000} s`));
  const timer = setTimeout(late, page.limitMs);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    await endGroup(child);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A browser is many processes, all of one group. */
async function endGroup(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGKILL');
  await ended;
}

function deferred() {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((accept, refuse) => ([resolve, reject] = [accept, refuse]));
  return { promise, resolve, reject };
}

/** Isolated from other origins, so that the page could have threads if it wanted. */
const HEADERS = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const DOCUMENT = '<!doctype html><title>gradcast</title><script type="module" src="/page.js"></script>';

/** Serves the page; its end comes with what it reports. */
async function serve(
  { content, onReport }: Page,
  end: { resolve: () => void; reject: (error: Error) => void },
): Promise<Server> {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  const binaries = join(dirname(manifest), 'dist');
  const find = async (path: string): Promise<Content | undefined> => {
    if (path === '/') return ['text/html', DOCUMENT];
    if (path.startsWith('/wasm/')) return ['application/wasm', await readFile(join(binaries, basename(path)))];
    return content(path);
  };
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    if (incoming.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      response.writeHead(204, HEADERS).end();
      try {
        if (onReport(JSON.parse(Buffer.concat(chunks).toString()))) end.resolve();
      } catch (error) {
        end.reject(error as Error);
      }
      return;
    }
    const found = await find(incoming.url ?? '/');
    if (found) response.writeHead(200, { ...HEADERS, 'content-type': found[0] }).end(found[1]);
    else response.writeHead(404, HEADERS).end();
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
