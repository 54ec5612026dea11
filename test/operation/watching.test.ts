/**
 * `gradcast runs`, `top`, `events`, `compare` and the reports of two real runs: one is killed and resumed while its events are
 * followed, the other is looked at while it goes on, and stopped.
 */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Chromium, hasChromium, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { Ending } from '@gradcast/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Tab } from '../volunteers/tab.ts';

const STEPS = 6;
const HOW = '--backend wasm --log-interval 1 --json --save-seconds 3600';
const NUMBERS = '--preset dcgan --global-batch 32 --micro-batches 2 --out runs';

type Line = Readonly<Record<string, unknown>>;

interface View {
  readonly state: string;
  readonly step: number;
  readonly workers: readonly { readonly name: string; readonly backend: string; readonly share: number }[];
  readonly curves: readonly { readonly name: string; readonly values: readonly number[] }[];
}

let bench: Workbench;
/** The run that was killed and resumed, what both of its commands said, and what who followed it heard. */
let first: string;
let said: string;
let followed: Ending;
let interrupted: Ending;
let whileKilled: Line[];
/** The run that was stopped, and how it was seen before. */
let second: string;
let listed: Line[];
let byFolder: View;
let byAddress: Ending;
let afterwards: Ending;

beforeAll(async () => {
  bench = await Workbench.create();
});
beforeAll(killAndResume);
beforeAll(lookAndStop);
afterAll(() => bench.remove());

async function killAndResume(): Promise<void> {
  const killed = bench.start(`train ${NUMBERS} ${HOW} --steps ${STEPS} --seed 5 --workers 1`);
  await killed.step(3);
  first = (await runsIn(bench.path('runs')))[0];
  const follower = bench.start(['events', first, '--follow', '--json']);
  const other = bench.start(['events', first, '--follow']);
  await vi.waitUntil(() => other.output.includes('step 3 closed in '), { timeout: 60_000 });
  other.signal('SIGINT');
  interrupted = await other.ended();
  process.kill(killed.child('coordinator').pid, 'SIGKILL');
  const before = await killed.ended();
  await follower.said(/^gradcast: the coordinator of the run was killed/);
  whileKilled = jsonLines(await done('runs', '--json'));
  const resumed = await bench.run(`train --resume ${first} ${HOW} --workers 1`);
  expect(resumed.code, resumed.stderr).toBe(0);
  followed = await follower.ended();
  said = before.stderr + resumed.stderr + resumed.stdout;
}

async function lookAndStop(): Promise<void> {
  const run = bench.start(`train ${NUMBERS} ${HOW} --steps 4000 --seed 6 --workers 2 --no-samples`);
  const { metricsUrl } = await run.event('listening');
  await run.step(4);
  second = (await runsIn(bench.path('runs')))[1];
  listed = jsonLines(await done('runs', '--json'));
  byFolder = JSON.parse(await done('top', '--json')) as View;
  byAddress = await bench.run(['top', metricsUrl]);
  run.signal('SIGTERM');
  expect((await run.ended()).code).toBe(143);
  afterwards = await bench.run(['top', metricsUrl]);
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await bench.run(args);
  expect(code, stderr).toBe(0);
  return stdout;
}

function jsonLines(text: string): Line[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Line);
}

describe('gradcast runs', () => {
  it('lists runs, newest first, with the state that each is in', async () => {
    expect(whileKilled).toMatchObject([
      { path: join('runs', basename(first)), state: 'killed', task: 'dcgan', steps: STEPS },
    ]);
    expect(listed).toMatchObject([
      { state: 'running', steps: 4000 },
      { state: 'completed', step: STEPS, steps: STEPS },
    ]);
    const { steps } = await readSummary(second);
    const lines = (await done('runs')).split('\n');
    expect(lines[1]).toMatch(new RegExp(` dcgan +stopped +${steps} of 4000 `));
    expect(lines[2]).toMatch(/ dcgan +completed +6 of 6 /);
  });
});

describe('gradcast events', () => {
  it('follows a run through a kill and a resume to its end, each event once', async () => {
    const events = jsonLines(await readFile(join(first, 'events.jsonl'), 'utf8'));
    expect(followed.code, followed.stderr).toBe(0);
    expect(jsonLines(followed.stdout)).toEqual(events);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  });

  it('ends as other commands do when it is interrupted', () => {
    expect(interrupted).toMatchObject({ code: 130, stderr: '' });
  });

  it('has the sentences that the run itself said of its workers', async () => {
    const text = await done('events', first);
    const sentences = said.split('\n').filter((line) => /^worker local-0 joined/.test(line));
    expect(sentences).toHaveLength(2);
    for (const sentence of sentences) expect(text).toContain(`  ${sentence}\n`);
    expect(text).toMatch(/ the run has completed\n$/);
  });
});

describe('gradcast top', () => {
  it('shows the run that goes on here', () => {
    expect(byFolder).toMatchObject({ state: 'running', steps: 4000, isOver: false });
    expect(byFolder.step).toBeGreaterThanOrEqual(4);
    const workers = byFolder.workers.map(({ name, backend, share }) => [name, backend, share > 0]);
    expect(workers.sort()).toEqual([
      ['local-0', 'wasm', true],
      ['local-1', 'wasm', true],
    ]);
    const curves = byFolder.curves.filter(({ values }) => values.length >= 4).map(({ name }) => name);
    expect(curves).toEqual(expect.arrayContaining(['loss_g', 'loss_d']));
  });

  it('shows it by the address of its metrics, and says when nobody answers there', () => {
    expect(byAddress.code, byAddress.stderr).toBe(0);
    expect(byAddress.stdout).toMatch(/^running {3}step \d+ {3}/);
    expect(byAddress.stdout).toMatch(/local-0 .* wasm /);
    expect(afterwards.code).toBe(1);
    expect(afterwards.stderr).toMatch(/^gradcast: .* \(ECONNREFUSED\) \[run-not-answering\]\n$/);
  });
});

describe('the report of a run', () => {
  const reportOf = (run: string) => readFile(join(run, 'report.html'), 'utf8');

  it('lies in its folder, is named at its end, and is made again the same', async () => {
    const [resumed, stopped] = [await reportOf(first), await reportOf(second)];
    expect(said).toContain(`"type":"report","path":"${join('runs', basename(first), 'report.html')}"`);
    expect(resumed).toContain('The run has completed, after 6 of 6 steps');
    expect(resumed).toContain('1 restart of the coordinator');
    expect(resumed).toContain((await readSummary(first)).parametersSha256);
    expect(stopped).toContain('Its last word: SIGTERM has come; stopping with a checkpoint.');
    for (const page of [resumed, stopped]) expect(page).toMatch(/1 computing: \d+/);
    await done('report', second, '--output', 'again.html');
    expect(await readFile(bench.path('again.html'), 'utf8')).toBe(stopped);
  });

  it.skipIf(!hasChromium)('is in nobody’s way, on a desk or a phone, and asks for nothing', async () => {
    const browser = await Chromium.start();
    try {
      for (const [width, colorScheme] of [
        [1100, 'light'],
        [390, 'dark'],
      ] as const) {
        const url = pathToFileURL(join(first, 'report.html')).href;
        const tab = await Tab.open(browser, url, { width, height: 900, colorScheme });
        const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
        expect(await tab.page.evaluate(wide)).toBe(0);
        for (const each of await tab.page.locator('summary').all()) await each.click();
        expect(await tab.page.evaluate(wide)).toBe(0);
        expect(await tab.barriers()).toEqual([]);
        expect(tab.faults).toEqual([]);
      }
    } finally {
      await browser.close();
    }
  });
});

describe('gradcast compare', () => {
  it('says in what runs differ, and writes a page of it', async () => {
    const text = await done('compare', first, second, '--html', 'page.html');
    expect(text).toMatch(/^loss_g +[▁-█]+ +[▁-█]+ +\S+ to \S+$/m);
    expect(text).toMatch(/^seed +5 +6$/m);
    const page = await readFile(bench.path('page.html'), 'utf8');
    expect(page.match(/src="data:image\/png;base64,/g)).toHaveLength(1);
    const { differences } = jsonLines(await done('compare', first, second, '--json'))[0];
    expect(differences).toEqual({ seed: [5, 6] });
  });
});
