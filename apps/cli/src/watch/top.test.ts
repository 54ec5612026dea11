import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleGrid } from '@gradcast/evaluate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beat, BEGAN, closed, fakeRun, HELD, joined, RELEASED, state, watching } from './for-tests.ts';
import { topFrame } from './top-frame.ts';
import { RunSource } from './top-run.ts';
import { runTop } from './top.ts';
import { UrlSource } from './top-url.ts';

let folder: string;
let run: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  run = join(folder, '20261118-110640-mnist-0abc');
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

const result = (worker: string, size: number, ms: number, outcome = 'accepted') => ({
  start: 0,
  size,
  worker,
  outcome,
  ms,
});
const EVENTS = [joined('quick'), joined('slow'), state('running'), closed(1), closed(2)];
const METRICS = [1, 2].map((step) => ({ step, loss_g: step, loss_d: 1, images_per_second: 64 }));
const LEDGER = [
  { kind: 'header' },
  { kind: 'step', step: 1, results: [result('quick', 2, 100), result('slow', 2, 400)] },
  { kind: 'step', step: 2, results: [result('quick', 4, 100), result('slow', 2, 300, 'late')] },
];
/** A run whose coordinator answers. */
async function running({ metrics = METRICS }: { readonly metrics?: readonly object[] } = {}): Promise<void> {
  await fakeRun(run, { events: EVENTS, metrics, ledger: LEDGER, lock: HELD });
  await beat(run);
  const workers = ['quick', 'slow'].map((worker) => ({ worker, role: 'trusted', state: 'leased' }));
  const answer = { state: 'running', pausing: false, step: 3, steps: 20, seq: 5, minWorkers: 1, workers };
  server = createServer((_request, response) => response.end(JSON.stringify(answer)));
  const socket = join(folder, 's');
  await new Promise<void>((resolve) => server!.listen(socket, resolve));
  await symlink(socket, join(run, 'control'));
}

/** A lock's heart beats by the real clock, and so does this. */
const source = () => new RunSource(run, () => Date.now());

describe('a run on this machine', () => {
  it('has step, speed, time that is left, losses, and workers with their share and speed', async () => {
    await running();
    const view = await source().look();
    expect(view).toMatchObject({
      state: 'running',
      step: 2,
      steps: 20,
      imagesPerSecond: 64,
      etaSeconds: 36,
      isOver: false,
    });
    expect(view.curves).toEqual([
      { name: 'loss_g', values: [1, 2] },
      { name: 'loss_d', values: [1, 1] },
      { name: 'images_per_second', values: [64, 64] },
    ]);
    const known = { role: 'trusted', backend: 'wasm', device: 'cpu', state: 'leased' };
    // 6 leaves of 32 images in 0.2 s; late leaves count nowhere.
    expect(view.workers).toEqual([
      { name: 'quick', ...known, share: 0.75, imagesPerSecond: 960 },
      { name: 'slow', ...known, share: 0.25, imagesPerSecond: 160 },
    ]);
    expect(view.phases).toBeNull();
    // Its last step closed long ago, by the clock of this machine.
    expect(view.stale).toMatch(/^no step has closed for \d+ s$/);
  });

  it('says where the time of the last steps went and what holds it back, of those who are there', async () => {
    const phases = (compute: number, straggler: number) => ({
      phase_compute_seconds: compute,
      phase_straggler_seconds: straggler,
    });
    const metrics = [
      { step: 9, ...phases(0, 1000) },
      { step: 80, images_per_second: 64, ...phases(60, 39.9) },
      { step: 81, phase_adding_seconds: 0.1 },
      { step: 82, frechet: 3 },
    ];
    await running({ metrics });
    const { phases: told } = await source().look();
    expect(told!.sentence).toMatch(
      /^40 % of the time all wait for the last worker, mostly slow, which takes 6\.0 times/,
    );
    expect(told!.shares.map(({ name, share }) => [name, Math.round(1000 * share) / 1000])).toEqual([
      ['compute', 0.6],
      ['straggler', 0.399],
      ['adding', 0.001],
    ]);
    const lines = topFrame(await source().look(), { columns: 80, rows: 40 });
    const at = lines.findIndex((line) => line.startsWith('time'));
    expect(lines.slice(at, at + 4)).toEqual([
      'time     computing 60 %, waiting for the last worker 40 %',
      '         40 % of the time all wait for the last worker, mostly slow, which takes',
      '         6.0 times as long for a micro-batch: gradcast drain leaves its part to',
      '         the others.',
    ]);
  });

  it('is stale where nobody answers, and over where nobody holds it', async () => {
    await fakeRun(run, { events: EVENTS, metrics: METRICS, ledger: LEDGER, lock: HELD });
    expect(await source().look()).toMatchObject({
      state: 'killed',
      isOver: true,
      stale: 'the run was killed; this is the last that its folder has',
      workers: [{ name: 'quick', state: null }, { name: 'slow' }],
      asOf: (BEGAN + 4) * 1000,
    });
    await beat(run);
    expect(await source().look()).toMatchObject({
      state: 'running',
      isOver: false,
      stale: 'no coordinator answers on this machine; this is what the folder has',
    });
    const summary = { status: 'completed', steps: 2, targetSteps: 2, imagesPerSecond: 50 };
    await fakeRun(run, { summary, lock: RELEASED });
    expect(await source().look()).toMatchObject({ state: 'completed', stale: null, imagesPerSecond: 50, steps: 2 });
  });
});

const EXPOSITION = (
  images: number,
  leases: readonly [number, number],
  phases: readonly [number, number] = [0, 0],
) => `# HELP gradcast_images_total Images.
gradcast_images_total ${images}
gradcast_steps_total 12
gradcast_run_state{state="running"} 1
gradcast_run_state{state="paused"} 0
gradcast_loss{network="generator"} 1.5
gradcast_workers{state="leased"} 2
gradcast_lease_duration_seconds_count{worker="a"} ${leases[0]}
gradcast_lease_duration_seconds_count{worker="b\\"\\u001b"} ${leases[1]}
gradcast_step_phase_duration_seconds_sum{phase="compute"} ${phases[0]}
gradcast_step_phase_duration_seconds_sum{phase="network"} ${phases[1]}
gradcast_step_phase_duration_seconds_sum{phase="of another version"} 1000
gradcast_quality{score="frechet"} 20.5
go_threads 3
`;

describe('a coordinator by its address', () => {
  it('has speed and shares from the second look on, and is stale when it answers no more', async () => {
    const clock = { ms: 1000 };
    const answers: Record<string, string | undefined> = {
      'http://h:1/metrics': EXPOSITION(100, [5, 5], [70, 5]),
      'http://h:1/targets': '[{"labels":{"worker":"a","backend":"wasm"}}]',
    };
    const fetch = (url: string) => {
      const text = answers[url];
      return text === undefined ? Promise.reject(new Error('gone')) : Promise.resolve(text);
    };
    const looked = new UrlSource('http://h:1/metrics', () => clock.ms, fetch);
    expect(await looked.look()).toMatchObject({
      state: 'running',
      step: 12,
      steps: null,
      imagesPerSecond: null,
      phases: null,
      score: 'Fréchet 20.5',
    });
    clock.ms += 2000;
    answers['http://h:1/metrics'] = EXPOSITION(164, [8, 6], [71, 6]);
    const second = await looked.look();
    expect(second).toMatchObject({
      imagesPerSecond: 32,
      stale: null,
      curves: [{ name: 'loss generator', values: [1.5, 1.5] }, { values: [32] }],
      phases: {
        sentence: expect.stringMatching(/^Vectors are under way 50 % of the time/) as string,
        shares: [
          { name: 'compute', share: 0.5 },
          { name: 'network', share: 0.5 },
        ],
      },
    });
    expect(second.workers.map(({ name, backend, share }) => [name, backend, share])).toEqual([
      ['a', 'wasm', 0.75],
      ['b"\\u001b', null, 0.25],
    ]);
    clock.ms += 3000;
    answers['http://h:1/metrics'] = undefined;
    expect(await looked.look()).toMatchObject({ step: 12, stale: 'http://h:1 has not answered for 3 s (gone)' });
  });

  it('is refused if it never answered, or is something else', async () => {
    const of = (text: Promise<string>) =>
      new UrlSource(
        'http://h:1',
        () => 0,
        () => text,
      ).look();
    await expect(of(Promise.reject(new Error('no')))).rejects.toMatchObject({ code: 'run-not-answering' });
    await expect(of(Promise.resolve('up 1\n'))).rejects.toThrow('it is no coordinator of a run');
  });
});

describe('gradcast top', () => {
  const request = { of: null, out: '', once: false, json: false };

  it('prints once where there is no terminal, and takes the run that goes on', async () => {
    await running();
    await fakeRun(join(folder, '20261118-110641-mnist-0abc'), { lock: RELEASED });
    const { said, around } = watching();
    expect(await runTop({ ...request, out: folder }, around)).toBe(0);
    expect(said.out).not.toContain('\u001b');
    expect(said.out.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual(
      expect.arrayContaining([
        'running step 2 of 20 10 % 64 images/s 00:36 left',
        run,
        'loss_g 2 ▁█',
        'quick trusted wasm cpu leased 75 % 960',
      ]),
    );
  });

  it('draws in place on a terminal, with the newest samples, and gives the terminal back', async () => {
    await running();
    await mkdir(join(run, 'samples'));
    const png = sampleGrid(new Uint8Array(64 * 784).fill(255), { count: 64, shape: [28, 28, 1] });
    await writeFile(join(run, 'samples', 'step-000002.png'), png);
    const stop = new AbortController();
    let frames = 0;
    const pause = () => Promise.resolve(++frames === 3 ? stop.abort() : undefined);
    const { said, around } = watching({
      terminal: { isTTY: true, columns: 90, rows: 40 },
      environment: { TERM: 'xterm-256color', LANG: 'C.UTF-8' },
      clock: { now: () => Date.now(), pause },
      signal: stop.signal,
    });
    expect(await runTop({ ...request, of: run }, around)).toBe(0);
    expect(said.out.startsWith('\u001b[?1049h\u001b[?25l\u001b[H')).toBe(true);
    expect(said.out.split('\u001b[H').length - 1).toBe(3);
    const [drawn, left] = said.out.split('\u001b[?25h\u001b[?1049l');
    expect(drawn).toContain('▀▀▀');
    expect(left).toContain('step 2 of 20');
    for (const frame of drawn.split('\u001b[H')) expect(frame.split('\r\n').length).toBeLessThan(40);
  });

  it('gives the terminal back and ends by itself when the run is over, or cannot be read any more', async () => {
    await running();
    const acts = [
      () => rm(join(run, 'config.json')),
      () => fakeRun(run, { lock: RELEASED, summary: { status: 'stopped' } }).then(() => undefined),
    ];
    const pause = () => acts.shift()!();
    const { said, around } = watching({
      terminal: { isTTY: true, columns: 60, rows: 10 },
      clock: { now: () => Date.now(), pause },
    });
    expect(await runTop({ ...request, of: run }, around)).toBe(0);
    expect(said.out).toContain('STALE: there is no run in ');
    expect(said.out.split('\u001b[?25h\u001b[?1049l')[1]).toMatch(/^stopped /);
    const text = said.out.replaceAll('\u001b[H', '\n').replaceAll(/\u001b\[[\d;?]*[a-zA-Z]/g, '');
    for (const line of text.split(/\r?\n/)) expect(Array.from(line).length).toBeLessThan(60);
  });

  it('refuses what is not there', async () => {
    const { around } = watching();
    await expect(runTop({ ...request, out: folder }, around)).rejects.toMatchObject({ code: 'run-missing' });
    await expect(runTop({ ...request, of: folder }, around)).rejects.toMatchObject({ code: 'run-missing' });
  });
});
