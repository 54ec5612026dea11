/** Runs of one Node worker that tabs join, and how a tab starts. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Chromium } from '@gradcast/testing';
import { FaultProxy, JoinPage, readLedgerSteps } from '@gradcast/testing';
import type { LedgerStep } from '@gradcast/testing';
import { BenchmarkError } from '../harness/errors.ts';
import type { Harness } from '../harness/harness.ts';
import { jsonLine } from '../harness/training.ts';

type Tab = Awaited<ReturnType<Chromium['newTab']>>;

/** Sixteen images a leaf, sixteen leaves a step, of which tabs may have half. */
const IMAGES_A_STEP = 256;
const RUN = `--preset dcgan --seed 1 --global-batch ${IMAGES_A_STEP} --micro-batches 16 --backend wasm --exact --no-samples`;
const PATIENCE_SECONDS = 600;

/** When a step was told to have closed: monotonic milliseconds. */
interface Closed {
  readonly step: number;
  readonly at: number;
}

/** Speed of a stretch of a run, and who brought its leaves. */
export interface Stretch {
  readonly imagesPerSecond: number;
  /** Of all leaves. */
  readonly shareOfTabs: number;
  /** Of the leaves of tabs: those that were computed again before they were used. */
  readonly shareChecked: number;
}

export interface FleetTurn {
  readonly tabs: number;
  /** Until each tab has had as many leaves used as were asked for; undefined without tabs, or where that was no two steps. */
  readonly early: Stretch | undefined;
  readonly late: Stretch | undefined;
}

export interface FleetOptions {
  readonly tabs: number;
  /** Leaves that are used of each tab before the second stretch begins. */
  readonly leaves: number;
  /** Of the second stretch. */
  readonly steps: number;
}

export async function fleetTurn(
  harness: Harness,
  browser: Chromium,
  { tabs: count, leaves, steps }: FleetOptions,
): Promise<FleetTurn> {
  const run = await startRun(harness, '');
  const tabs: Tab[] = [];
  try {
    for (let index = 0; index < count; index++) tabs.push(await browser.newTab());
    const pages = await Promise.all(tabs.map((tab) => joins(tab, run.link)));
    const begin = performance.now();
    await Promise.all(pages.map((page) => page.counts('Used in the model', leaves, PATIENCE_SECONDS)));
    const middle = performance.now();
    await run.closes(steps);
    const end = performance.now();
    await run.stop();
    const records = { closed: run.closed, ledger: await readLedgerSteps(run.folder) };
    const early = count === 0 ? undefined : stretchOf(records, begin, middle);
    return { tabs: count, early, late: stretchOf(records, middle, end) };
  } finally {
    for (const tab of tabs) await browser.closeTab(tab);
    await run.stop();
  }
}

/** How long a tab takes from its navigation until the page can be used, and until its first result. */
export interface StartTurn {
  readonly readyMs: number;
  /** Of these the button was waited for by nobody: it was pressed at once. */
  readonly firstResultMs: number;
}

export async function startTurn(harness: Harness, browser: Chromium): Promise<StartTurn> {
  const proxy = await FaultProxy.start();
  const run = await startRun(harness, `--join-url ${proxy.url.replace('ws', 'http')}`);
  proxy.target = run.url;
  const tab = await browser.newTab();
  try {
    const begin = performance.now();
    await tab.goto(run.link);
    const page = new JoinPage(tab);
    await page.says('Ready when you are');
    const readyMs = performance.now() - begin;
    await page.start();
    const { at } = await proxy.moments.until('a result', ({ kind }) => kind === 'result');
    return { readyMs, firstResultMs: at - begin };
  } finally {
    await browser.closeTab(tab);
    await run.stop();
    await proxy.close();
  }
}

/** A run that goes on until it is stopped; its worker computes. */
async function startRun(harness: Harness, flags: string) {
  const out = await harness.makeFolder('tabs');
  const train = `train ${RUN} --steps 1000000 --workers 1 --threads 1 --join --port 0 --metrics-port 0 --json --log-interval 1 --out ${out} ${flags}`;
  const closed: Closed[] = [];
  const looks = new Set<() => void>();
  let listens: (message: { url: string; joinUrl?: string; runFolder: string }) => void;
  const listening = new Promise<Parameters<typeof listens>[0]>((resolve) => (listens = resolve));
  const onLine = (line: string) => {
    const message = jsonLine(line);
    if (message.type === 'listening') listens(message);
    if (message.type !== 'progress') return;
    closed.push({ step: message.step, at: performance.now() });
    for (const look of [...looks]) look();
  };
  const bin = join(harness.root, 'bin', 'gradcast.mjs');
  const command = { name: 'gradcast train', command: process.execPath, args: [bin, ...train.trim().split(' ')] };
  const running = harness.startCommand({ ...command, cwd: harness.root, onLine });
  const failed = running.gone.then(() => Promise.reject(new BenchmarkError('gradcast train ended before its time')));
  failed.catch(() => undefined);
  const { url, joinUrl, runFolder } = await Promise.race([listening, failed]);
  const closes = (steps: number) => {
    const wanted = closed.length + steps;
    const reached = new Promise<void>((resolve) => {
      looks.add(() => {
        if (closed.length >= wanted) resolve();
      });
    });
    return Promise.race([reached, failed]);
  };
  await closes(1);
  return { url, link: joinUrl!, folder: join(harness.root, runFolder), closed, closes, stop: () => running.stop() };
}

async function joins(tab: Tab, link: string): Promise<JoinPage> {
  await tab.goto(link);
  const page = new JoinPage(tab);
  await page.set('workers', 1);
  await page.start();
  await page.says('Training');
  return page;
}

function stretchOf(
  { closed, ledger }: { readonly closed: readonly Closed[]; readonly ledger: readonly LedgerStep[] },
  begin: number,
  end: number,
): Stretch | undefined {
  const within = closed.filter(({ at }) => at >= begin && at <= end);
  const [first, last] = [within.at(0), within.at(-1)];
  if (!first || !last || first.step === last.step) return undefined;
  const results = ledger.filter(({ step }) => step > first.step && step <= last.step).flatMap((step) => step.results);
  const leavesOf = (fits: (result: (typeof results)[number]) => boolean) =>
    results.filter(fits).reduce((sum, { size }) => sum + size, 0);
  const isUsed = ({ outcome }: (typeof results)[number]) => outcome === 'accepted' || outcome === 'held';
  const all = leavesOf(isUsed);
  const ofTabs = leavesOf((result) => isUsed(result) && result.worker.startsWith('tab'));
  const checked = leavesOf(({ worker, outcome }) => outcome === 'held' && worker.startsWith('tab'));
  return {
    imagesPerSecond: (1000 * IMAGES_A_STEP * (last.step - first.step)) / (last.at - first.at),
    shareOfTabs: ofTabs / all,
    shareChecked: ofTabs === 0 ? 0 : checked / ofTabs,
  };
}
