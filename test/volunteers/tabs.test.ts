/**
 * Browser tabs as workers of an exact run, which is disturbed in every way that tabs know: closed in the middle of a lease, frozen
 * and thawed, left alone by a coordinator that was killed. It ends with both hashes of one Node worker alone.
 */
import { watch } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import {
  Chromium,
  FaultProxy,
  Firefox,
  hasChromium,
  hasFirefox,
  hashesOf,
  JoinPage,
  readLedgerSteps,
  readSummary,
  runsIn,
  Workbench,
} from '@gradcast/testing';
import type { GradcastProcess, Hashes, Moment } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Many more than what happens takes: on a machine where tabs have little of the processor the worker closes steps meanwhile. */
const STEPS = 45;
const PATIENCE_SECONDS = 90;
/** What Chromium gives a tab in the background on Linux. */
const TAB_PRIORITY = 5;
const RUN = `--preset dcgan --seed 3 --global-batch 64 --micro-batches 4 --steps ${STEPS} --backend wasm --exact --no-samples`;
const SECRET = 'secret-of-the-one-node-worker';

let bench: Workbench;
let alone: Hashes;
let shared: SharedRun | undefined;
beforeAll(async () => {
  bench = await Workbench.create();
  await writeFile(bench.path('tokens'), `node trusted ${SECRET}\n`, { mode: 0o600 });
  const { code, stderr } = await bench.run(`train ${RUN} --workers 1 --out alone`);
  expect(code, stderr).toBe(0);
  const [folder] = await runsIn(bench.path('alone'));
  alone = hashesOf(await readSummary(folder));
});
afterEach(async () => {
  await shared?.proxy.close();
  await bench.endProcesses();
});
afterAll(() => bench.remove());

/** A run that tabs join before there is a worker that counts, so that its first steps know them. */
class SharedRun {
  readonly #out: string;
  readonly proxy: FaultProxy;
  #coordinator: GradcastProcess;
  #url = '';
  link = '';

  private constructor(out: string, proxy: FaultProxy) {
    this.#out = out;
    this.proxy = proxy;
    this.#coordinator = this.#start('0', []);
  }

  static async open(out: string): Promise<SharedRun> {
    const run = new SharedRun(out, await FaultProxy.start());
    await run.#listens();
    return run;
  }

  #start(port: string, more: readonly string[]): GradcastProcess {
    const flags = `--join --join-url ${this.proxy.url.replace('ws', 'http')} --token-file ${bench.path('tokens')}`;
    const run = `coordinator ${RUN} ${flags} --port ${port} --metrics-port 0 --save-every 2 --save-seconds 0`;
    return bench.start([...`${run} --json --log-interval 1 --out ${this.#out}`.split(' '), ...more]);
  }

  async #listens(): Promise<void> {
    const { url, joinUrl } = await this.#coordinator.event('listening');
    this.#url = url;
    this.link = joinUrl!;
    this.proxy.target = url;
  }

  /**
   * One Node worker joins, and the run goes on. It has the priority of tabs, not more: where much else runs it would close all steps
   * before they have had a part in any.
   */
  startWorker(): GradcastProcess {
    const flags = '--backend wasm --name node --metrics-port 0';
    const worker = bench.start(`worker --coordinator ${this.#url} ${flags}`, { GRADCAST_TOKEN: SECRET });
    setPriority(worker.pid, TAB_PRIORITY);
    return worker;
  }

  /** Resolves with what goes by next. */
  next(kind: 'joined'): Promise<Extract<Moment, { kind: 'joined' }>>;
  next(kind: 'leased' | 'result', worker: string): Promise<Extract<Moment, { kind: 'leased' | 'result' }>>;
  next(kind: 'joined' | 'leased' | 'result', worker?: string): Promise<Moment> {
    const { length } = this.proxy.moments.all;
    return this.proxy.moments.until(`the next ${kind} of ${worker ?? 'anybody'}`, (moment) => {
      const isPast = this.proxy.moments.all.indexOf(moment) < length;
      return !isPast && moment.kind === kind && (worker === undefined || moment.worker === worker);
    });
  }

  /** Resolves when leaves of a tab have been found right, and so are used. */
  async used(worker: string): Promise<void> {
    const [folder] = await runsIn(bench.path(this.#out));
    const file = join(folder, 'events.jsonl');
    const right = new RegExp(`"type":"audited","ending":"(agreed|confirmed)","worker":"${worker}"`);
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        watcher.close();
        act();
      };
      const look = () =>
        readFile(file, 'utf8').then((text) => {
          if (right.test(text)) settle(resolve);
        }, reject);
      const watcher = watch(file, () => void look());
      const late = () => settle(() => reject(new Error(`nothing of ${worker} was used: ${this.#coordinator.output}`)));
      const timer = setTimeout(late, 1000 * PATIENCE_SECONDS);
      void look();
    });
  }

  /** Resolves when a step has closed. */
  closed(step: number): Promise<unknown> {
    return this.#coordinator.step(step);
  }

  /** Kills the coordinator and starts it again at the same address. @returns the step it goes on from. */
  async killAndResume(): Promise<number> {
    process.kill(this.#coordinator.child('coordinator').pid, 'SIGKILL');
    await this.#coordinator.ended();
    this.#coordinator = this.#start(new URL(this.#url).port, ['--resume', 'auto']);
    const { resumedFromStep } = await this.#coordinator.event('listening');
    expect(resumedFromStep).not.toBe(null);
    return resumedFromStep!;
  }

  /** Waits for its end, which is that of one worker alone. @returns the steps in which leaves of a tab were used. */
  async end(): Promise<(tab: string) => readonly number[]> {
    const { code, stderr } = await this.#coordinator.ended();
    expect(code, stderr).toBe(0);
    const [folder] = await runsIn(bench.path(this.#out));
    expect(hashesOf(await readSummary(folder))).toEqual(alone);
    const verified = await bench.run(['verify', folder]);
    expect(verified.stdout, verified.stderr).toContain(`verified: ${STEPS} steps, each closed once`);
    const steps = await readLedgerSteps(folder);
    // What comes of a newcomer is held until the worker that counts has computed the same.
    const used = ['held', 'accepted'];
    return (name) =>
      steps
        .filter(({ results }) => results.some(({ worker, outcome }) => worker === name && used.includes(outcome)))
        .map(({ step }) => step);
  }
}

/** Presses the button of a page that is open at the link. @returns the name of this tab's worker. */
async function joins(run: SharedRun, page: JoinPage): Promise<string> {
  const joined = run.next('joined');
  await page.start();
  return (await joined).worker;
}

describe.skipIf(!hasChromium)('two tabs of Chromium and a Node worker', () => {
  let browser: Chromium;
  beforeAll(async () => {
    browser = await Chromium.start();
  });
  afterAll(() => browser.close());

  it('train to the bit what the worker trains alone, whatever happens to the tabs and to the coordinator', async () => {
    const run = (shared = await SharedRun.open('chromium'));
    const tabs = [await browser.newTab(), await browser.newTab()];
    for (const tab of tabs) await tab.goto(run.link);
    const pages = tabs.map((tab) => new JoinPage(tab));
    const names = [await joins(run, pages[0]), await joins(run, pages[1])];
    // At a tenth of a core a tab rests before it computes a lease, but for its first, so it is closed in the middle of one.
    await pages[0].set('share', 10);
    let worker = run.startWorker();
    await Promise.all(names.map((name) => run.used(name)));
    const lease = await run.next('leased', names[0]);
    await browser.closeTab(tabs[0]);

    const { step } = await run.next('leased', names[1]);
    const renderers = await browser.renderers();
    for (const pid of renderers) process.kill(pid, 'SIGSTOP');
    await run.closed(step + 2);
    for (const pid of renderers) process.kill(pid, 'SIGCONT');
    await run.next('result', names[1]);

    const lost = pages[1].says('Connection lost');
    const back = run.next('joined');
    const from = await run.killAndResume();
    process.kill(worker.child('worker').pid, 'SIGKILL');
    await worker.ended();
    await lost;
    const again = (await back).worker;
    worker = run.startWorker();
    const used = await run.end();
    const ofLease = { kind: 'result', worker: names[0], step: lease.step };
    expect(run.proxy.moments.all).not.toContainEqual(expect.objectContaining(ofLease));
    for (const name of names) expect(used(name)[0]).toBeLessThanOrEqual(from);
    expect(used(again).at(-1)).toBeGreaterThan(from);
    await pages[1].says('The run is over');
    expect(await worker.ended()).toMatchObject({ code: 0 });
  });
});

describe.skipIf(!hasFirefox)('a tab of Firefox and a Node worker', () => {
  let browser: Firefox;
  beforeAll(async () => {
    browser = await Firefox.start();
  });
  afterAll(() => browser.close());

  it('train to the bit what the worker trains alone', async () => {
    const run = (shared = await SharedRun.open('firefox'));
    const tab = await browser.newTab();
    await tab.goto(run.link);
    const page = new JoinPage(tab);
    const name = await joins(run, page);
    run.startWorker();
    const used = await run.end();
    expect(used(name)).not.toEqual([]);
    await page.says('The run is over');
  });
});
