import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ChildMessage, resolveTrain, type Summary } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import type { ChildExit, StartChild } from './child.ts';
import type { StopSignal } from './exit-codes.ts';
import { Reporter } from './reporter.ts';
import { supervise } from './supervise.ts';

/** A process that exists only on paper: the test speaks for it. */
class FakeProcess {
  readonly entry: string;
  readonly first: Parameters<StartChild>[0]['first'];
  readonly stops: string[] = [];
  /** What else it was told. */
  readonly told: string[] = [];
  killed = false;
  readonly ended: Promise<ChildExit>;
  readonly #hear: (message: ChildMessage) => void;
  #resolve: (exit: ChildExit) => void = () => undefined;

  constructor({ entry, first, onMessage }: Parameters<StartChild>[0]) {
    this.entry = entry;
    this.first = first;
    this.#hear = onMessage;
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
  }
  stop(signal: StopSignal): void {
    this.stops.push(signal);
  }
  tell({ type }: { type: string }): void {
    this.told.push(type);
  }
  kill(): void {
    this.killed = true;
    void this.exit(null, 'SIGKILL');
  }
  say(message: ChildMessage): void {
    this.#hear(message);
  }
  /** Ends, and lets everybody who waited for it go on. */
  async exit(code: number | null, signal: NodeJS.Signals | null = null): Promise<void> {
    this.#resolve({ code, signal });
    await settled();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function setUp(workers = 2, isTTY = false, opens = false, more: readonly string[] = []) {
  const started: FakeProcess[] = [];
  const timers = new Map<() => void, number>();
  const said = { out: '', err: '' };
  const browser = { opened: [] as string[], fails: () => {} };
  let signal: (signal: StopSignal) => void = () => undefined;
  const run = resolveTrain(['--workers', `${workers}`, ...more], { environment: {}, cores: 2, hostname: 'h' });
  const reporter = new Reporter({
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text), isTTY },
    now: () => 0,
    json: false,
    progress: true,
    logInterval: 1,
  });
  const outcome = supervise(
    {
      coordinator: run.coordinator,
      access: { credentials: null, local: 'local-secret' },
      local: { count: run.workers, config: run.worker, socket: '/tmp/g/s' },
      opens,
    },
    {
      reporter,
      start: (options) => {
        const process = new FakeProcess(options);
        started.push(process);
        return process;
      },
      openBrowser: (url, onFailed) => {
        browser.opened.push(url);
        browser.fails = onFailed;
      },
      now: () => 0,
      delay: (milliseconds, action) => {
        timers.set(action, milliseconds);
        return () => void timers.delete(action);
      },
      onSignal: (listener) => {
        signal = listener;
        return () => (signal = () => undefined);
      },
    },
  );
  /** Lets the shortest wait run out. */
  const elapse = async () => {
    const [action, ms] = [...timers].sort((a, b) => a[1] - b[1])[0];
    timers.delete(action);
    action();
    await settled();
    return ms;
  };
  const [coordinator] = started as [FakeProcess];
  const local = () => started.slice(1);
  return { started, coordinator, local, elapse, timers, said, browser, outcome, send: (s: StopSignal) => signal(s) };
}

const listening: ChildMessage = {
  type: 'listening',
  url: 'ws://0.0.0.0:5000',
  localUrl: 'ws+unix:/tmp/g/s:/',
  metricsUrl: 'http://127.0.0.1:5001/metrics',
  runFolder: 'runs/r',
  resumedFromStep: null,
  totalSteps: 10,
};
const failed = (code: string, exitCode: number): ChildMessage => ({
  type: 'failed',
  code,
  sentence: 'no good',
  exitCode,
});
const finished = (exitCode: number): ChildMessage => ({ type: 'finished', exitCode, summary: {} as Summary });

describe('the link by which browser tabs join', () => {
  const expires = new Date(2026, 10, 29, 8, 5).getTime();
  const joining = (joinUrl: string, tlsFingerprint?: string): ChildMessage => ({
    ...listening,
    joinUrl,
    joinExpires: expires,
    tlsFingerprint,
  });

  it('is said with the time at which it ends, and what to do for other devices', () => {
    const { coordinator, said } = setUp();
    coordinator.say(joining('http://127.0.0.1:5000/join#code'));
    expect(said.err).toContain('browser tabs join at http://127.0.0.1:5000/join#code until 2026-11-29 08:05\n');
    expect(said.err).toContain('other devices can join as well with --host 0.0.0.0\n');
  });

  it('has the fingerprint of a certificate of our own beside it, and on a terminal a picture', async () => {
    const { coordinator, said } = setUp(2, true);
    coordinator.say(joining('https://192.168.1.5:5000/join#code', 'AB:CD'));
    expect(said.err).toContain('SHA-256 AB:CD\n');
    expect(said.err).not.toContain('--host');
    await expect.poll(() => said.err).toMatch(/(\n[ \u2580\u2584\u2588]{20,}){10}/);
  });

  it('is no picture where no device could follow it, nor where nobody looks', async () => {
    const [hidden, unseen] = [setUp(2, true), setUp()];
    hidden.coordinator.say(joining('http://127.0.0.1:5000/join#code'));
    unseen.coordinator.say(joining('https://192.168.1.5:5000/join#code'));
    await import('uqr').then(settled);
    for (const { said } of [hidden, unseen]) expect(said.err).not.toMatch(/[\u2580\u2584\u2588]/);
  });
});

describe('the page on which people watch', () => {
  const pageUrl = 'http://127.0.0.1:5000/';

  it('is said with what it asks for, and opened only where that is wanted', () => {
    const [plain, asked] = [setUp(), setUp()];
    plain.coordinator.say({ ...listening, pageUrl, pageNeedsToken: false });
    asked.coordinator.say({ ...listening, pageUrl, pageNeedsToken: true });
    expect(plain.said.err).toContain(`watch it at ${pageUrl}\n`);
    expect(asked.said.err).toContain(`watch it at ${pageUrl} with the token of a viewer\n`);
    expect(plain.browser.opened).toEqual([]);
  });

  it('is opened, or told where no browser can be', () => {
    const { coordinator, browser, said } = setUp(2, false, true);
    coordinator.say({ ...listening, pageUrl });
    expect(browser.opened).toEqual([pageUrl]);
    browser.fails();
    expect(said.err).toContain(`no browser could be opened; the page is at ${pageUrl}\n`);
  });

  it('is said where it is steered, and opened there without its secret in the arguments of a program', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
    const { coordinator, local, browser, said, outcome } = setUp(1, false, true);
    const steerUrl = `${pageUrl}#secret-of-22-characters`;
    coordinator.say({ ...listening, runFolder: folder, pageUrl, steerUrl });
    expect(said.err).toContain(`steer it at ${steerUrl} (whoever has this address may stop the run)\n`);
    await expect.poll(() => browser.opened).toEqual([pathToFileURL(join(folder, 'open.html')).href]);
    expect(await readFile(join(folder, 'open.html'), 'utf8')).toContain(steerUrl);
    browser.fails();
    expect(said.err).toContain(`no browser could be opened; the page is at ${steerUrl}\n`);
    await coordinator.exit(0);
    await local()[0].exit(0);
    await outcome;
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it('is where operators steer with tokens of their own', () => {
    const { coordinator, browser, said } = setUp(2, false, true);
    coordinator.say({ ...listening, pageUrl, pageNeedsToken: true, steerUrl: pageUrl });
    expect(said.err).toContain('operators steer it there, with their tokens\n');
    expect(browser.opened).toEqual([pageUrl]);
  });

  it('is opened to watch where nothing can be written', async () => {
    const { coordinator, browser } = setUp(2, false, true);
    coordinator.say({ ...listening, runFolder: '/nowhere/at/all', pageUrl, steerUrl: `${pageUrl}#secret` });
    await expect.poll(() => browser.opened).toEqual([pageUrl]);
  });

  it('is missed where it is not served', () => {
    const { coordinator, browser, said } = setUp(2, false, true);
    coordinator.say(listening);
    expect([browser.opened, said.err.includes('there is no page to open')]).toEqual([[], true]);
  });
});

describe('a run that ends', () => {
  it('has no worker started again, and says nothing of what its workers say of it', async () => {
    const { coordinator, local, said, timers, outcome } = setUp();
    coordinator.say(listening);
    const [first, second] = local();
    coordinator.say({ type: 'ending' });
    first.say({ type: 'notice', sentence: 'the coordinator closed the connection; trying again' });
    await first.exit(1);
    await second.exit(0);
    expect([said.err.includes('trying again'), timers.size, local().length]).toEqual([false, 0, 2]);
    expect(coordinator.told).toEqual([]);
    coordinator.say(finished(143));
    await coordinator.exit(143);
    expect((await outcome).exitCode).toBe(143);
  });
});

describe('news of the run', () => {
  it('are told by its coordinator, not by each worker again', () => {
    const { coordinator, local, said } = setUp();
    coordinator.say(listening);
    const [first] = local();
    first.say({ type: 'notice', sentence: 'the run is paused', ofRun: true });
    first.say({ type: 'notice', sentence: 'the link is slow', ofRun: false });
    expect(said.err).not.toContain('paused');
    expect(said.err).toContain('local-0: the link is slow\n');
  });
});

describe('supervise', () => {
  it('starts workers when the coordinator listens, and ends with its exit code', async () => {
    const { coordinator, local, outcome } = setUp();
    expect(local()).toHaveLength(0);
    expect(coordinator.first).toMatchObject({ type: 'coordinate', localSocket: '/tmp/g/s' });
    coordinator.say(listening);
    expect(local().map(({ entry, first }) => [entry, first])).toMatchObject([
      [
        'worker',
        { token: 'local-secret', config: { coordinator: 'ws+unix:/tmp/g/s:/', name: 'local-0', localIndex: 0 } },
      ],
      [
        'worker',
        { token: 'local-secret', config: { coordinator: 'ws+unix:/tmp/g/s:/', name: 'local-1', localIndex: 1 } },
      ],
    ]);
    coordinator.say(finished(0));
    for (const worker of local()) await worker.exit(0);
    await coordinator.exit(0);
    expect(await outcome).toMatchObject({ exitCode: 0, summary: {} });
  });

  it('says each backend sentence once', async () => {
    const { coordinator, local, said } = setUp(3);
    coordinator.say(listening);
    const backend = { type: 'backend', backend: 'wasm', device: 'cpu', sentence: 'takes wasm' } as const;
    for (const worker of local()) worker.say(backend);
    expect(said.err.match(/takes wasm/g)).toHaveLength(1);
    await settled();
  });

  it('starts a worker that dies again, three times with growing waits, then gives it up', async () => {
    const { coordinator, local, elapse, said } = setUp(2, false, false, ['--tune', 'again']);
    coordinator.say(listening);
    const waits: number[] = [];
    for (let death = 0; death < 3; death++) {
      await local()
        .at(death === 0 ? 0 : -1)!
        .exit(null, 'SIGKILL');
      waits.push(await elapse());
    }
    expect(waits).toEqual([1000, 2000, 4000]);
    expect(local()).toHaveLength(5);
    // Tuned anew once: who comes back computes like those that it left.
    const tunes = local().map(({ first }) => (first.type === 'work' ? first.config.tune : undefined));
    expect(tunes).toEqual(['again', 'again', 'once', 'once', 'once']);
    await local().at(-1)!.exit(null, 'SIGSEGV');
    expect(local()).toHaveLength(5);
    expect(said.err).toContain(
      'worker local-0 ended unexpectedly (killed by SIGKILL); starting it again in 1 s, try 1 of 3\n',
    );
    expect(said.err).toContain('ended unexpectedly 4 times (killed by SIGSEGV) and is given up [worker-died]');
    expect(coordinator.stops).toEqual([]);
  });

  it('tells the coordinator when every worker failed for good, and the user once; the run’s end is the coordinator’s', async () => {
    const { coordinator, local, outcome, said, timers } = setUp();
    coordinator.say(listening);
    for (const worker of local()) {
      worker.say(failed('backend-unavailable', 1));
      await worker.exit(1);
    }
    expect(timers.size).toBe(0);
    expect([coordinator.stops, coordinator.told]).toEqual([[], ['local-workers-ended']]);
    expect(said.err.match(/no good/g)).toHaveLength(1);
    coordinator.say(finished(1));
    await coordinator.exit(1);
    expect((await outcome).exitCode).toBe(1);
  });

  it('goes on with the others when one worker fails for good', async () => {
    const { coordinator, local } = setUp();
    coordinator.say(listening);
    local()[0].say(failed('backend-unavailable', 1));
    await local()[0].exit(1);
    expect(coordinator.told).toEqual([]);
    expect(local()).toHaveLength(2);
    await local()[1].exit(0);
    expect(coordinator.told).toEqual(['local-workers-ended']);
  });

  it('goes on with workers of others when its own have failed', async () => {
    const { coordinator, local, outcome } = setUp();
    coordinator.say(listening);
    for (const worker of local()) {
      worker.say(failed('backend-unavailable', 1));
      await worker.exit(1);
    }
    coordinator.say(finished(0));
    await coordinator.exit(0);
    expect(coordinator.stops).toEqual([]);
    expect((await outcome).exitCode).toBe(0);
  });

  it('stops cleanly on a signal: coordinator asked, workers not started again, 128 + signal', async () => {
    const { coordinator, local, outcome, send, timers } = setUp();
    coordinator.say(listening);
    send('SIGINT');
    expect(coordinator.stops).toEqual(['SIGINT']);
    await local()[0].exit(null, 'SIGINT');
    expect(local()).toHaveLength(2);
    coordinator.say(finished(130));
    await local()[1].exit(0);
    await coordinator.exit(130);
    expect((await outcome).exitCode).toBe(130);
    expect(timers.size).toBe(0);
  });

  it('kills everything at the second signal', async () => {
    const { started, coordinator, outcome, send } = setUp();
    coordinator.say(listening);
    send('SIGINT');
    send('SIGTERM');
    // Whoever is in such a hurry waits for no report either.
    expect(await outcome).toMatchObject({ exitCode: 143, folder: null });
    expect(started.every(({ killed }) => killed)).toBe(true);
  });

  it('kills a coordinator that does not stop, and workers that do not leave', async () => {
    const { coordinator, local, outcome, send, elapse } = setUp();
    coordinator.say(listening);
    send('SIGTERM');
    expect(await elapse()).toBe(60_000);
    expect(coordinator.killed).toBe(true);
    expect(await elapse()).toBe(5000);
    expect(local().map(({ stops, killed }) => [stops, killed])).toEqual([
      [['SIGTERM'], true],
      [['SIGTERM'], true],
    ]);
    expect((await outcome).exitCode).toBe(143);
  });

  it('tells workers to stop once the coordinator is gone, and listens to them no more', async () => {
    const { coordinator, local, outcome, said } = setUp(1);
    coordinator.say(listening);
    coordinator.say(finished(0));
    local()[0].say({ type: 'notice', sentence: 'trying again' });
    expect(local()[0].stops).toEqual([]);
    await coordinator.exit(0);
    expect(local()[0].stops).toEqual(['SIGTERM']);
    await local()[0].exit(0);
    expect((await outcome).exitCode).toBe(0);
    expect(said.err).not.toContain('trying again');
  });

  it('starts no worker for a run that is over already', async () => {
    const { coordinator, local, outcome } = setUp();
    coordinator.say({ ...listening, resumedFromStep: 10 });
    coordinator.say(finished(0));
    await coordinator.exit(0);
    expect((await outcome).exitCode).toBe(0);
    expect(local()).toHaveLength(0);
  });

  it('tells why a coordinator failed, once, and starts no workers', async () => {
    const { coordinator, local, outcome, said } = setUp();
    coordinator.say(failed('port-in-use', 1));
    await coordinator.exit(1);
    expect((await outcome).exitCode).toBe(1);
    expect(local()).toHaveLength(0);
    expect(said.err).toBe('gradcast: no good [port-in-use]\n');
  });

  it('tells that a coordinator died, and ends the workers', async () => {
    const { coordinator, local, outcome, said } = setUp(1);
    coordinator.say(listening);
    await coordinator.exit(null, 'SIGKILL');
    expect(said.err).toContain('the coordinator ended unexpectedly (killed by SIGKILL) [coordinator-died]');
    expect(local()[0].stops).toEqual(['SIGTERM']);
    await local()[0].exit(0);
    expect((await outcome).exitCode).toBe(1);
  });
});
