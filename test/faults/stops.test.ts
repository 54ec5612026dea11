/**
 * A run that stops, however it stops, and goes on later ends with both hashes of a run that never stopped.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allGone, checkpointSteps, hashesOf, readMetrics, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { GradcastProcess, Hashes } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const STEPS = 12;
const NUMBERS = '--preset dcgan --seed 3 --global-batch 64 --micro-batches 4';
const HOW = '--backend wasm --workers 2 --log-interval 1 --json --no-samples';
const RUN = `${NUMBERS} --steps ${STEPS} ${HOW}`;

let bench: Workbench;
let undisturbed: Hashes;
let grid: string | null;
beforeAll(async () => {
  bench = await Workbench.create();
  const { code, stderr } = await bench.run(`train ${RUN} --out undisturbed --no-samples=false --sample-every 0`);
  expect(code, stderr).toBe(0);
  const summary = await readSummary(await onlyRun('undisturbed'));
  undisturbed = hashesOf(summary);
  grid = summary.samples;
});
afterEach(async () => {
  await bench.endProcesses();
  expect(await socketFolders()).toEqual([]);
});
afterAll(() => bench.remove());

async function onlyRun(out: string): Promise<string> {
  const runs = await runsIn(bench.path(out));
  expect(runs).toHaveLength(1);
  return runs[0];
}

/** Folders of sockets for local workers: temporary files of the commands lie in the bench. */
async function socketFolders(): Promise<string[]> {
  return (await readdir(bench.folder)).filter((name) => name.startsWith('gradcast-'));
}

/** Starts a run, waits until it trains, and gives it to `stop`. */
async function begun(out: string, flags = ''): Promise<GradcastProcess> {
  const run = bench.start(`train ${RUN} --out ${out}${flags}`);
  await run.step(5);
  expect(await socketFolders()).toHaveLength(1);
  return run;
}

/** Goes on with a run and checks that it ended as the undisturbed one, every step told once. */
async function expectSameEnd(command: string, out: string, fromStep: number): Promise<void> {
  const run = bench.start(command);
  const { resumedFromStep } = await run.event('listening');
  expect(resumedFromStep).toBe(fromStep);
  const first = await run.event('progress');
  expect(first['images_per_second']).toBeGreaterThan(0);
  expect(first['etaSeconds']).toBeGreaterThan(0);
  const { code, stderr } = await run.ended();
  expect(code, stderr).toBe(0);
  const folder = await onlyRun(out);
  const summary = await readSummary(folder);
  expect(summary).toMatchObject({ status: 'completed', steps: STEPS, images: STEPS * 64, samples: null });
  expect(hashesOf(summary)).toEqual(undisturbed);
  const steps = (await readMetrics(folder)).map(({ step }) => step);
  expect(steps).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1));
}

async function newestCheckpoint(out: string): Promise<number> {
  return (await checkpointSteps(await onlyRun(out))).at(-1)!;
}

describe('a run that nothing stops', () => {
  it('ends with a grid of samples', async () => {
    expect(grid).toMatch(/step-000012\.png$/);
    expect((await readFile(bench.path(grid!))).subarray(1, 4).toString()).toBe('PNG');
  });

  it('accounts for the time of its workers', async () => {
    const { phases } = await readSummary(await onlyRun('undisturbed'));
    const { steps, seconds, total, workers, rest } = phases!;
    expect([steps, workers.length, rest]).toEqual([STEPS, 2, null]);
    expect(workers.reduce((sum, { leaves }) => sum + leaves, 0)).toBe(4 * STEPS);
    expect(total.compute).toBeGreaterThan(0);
    for (const { compute, network, overdue, waiting } of workers) {
      expect(Math.abs(compute + network + overdue + waiting - seconds) / seconds).toBeLessThan(0.05);
    }
  });
});

describe('a polite stop', () => {
  it.each([
    ['SIGTERM', 143, 'auto'],
    ['SIGINT', 130, 'the run'],
  ] as const)('by %s exits %d with a checkpoint, from which --resume %s goes on', async (signal, code, how) => {
    const run = await begun(signal);
    run.signal(signal);
    expect(await run.ended()).toMatchObject({ code });
    const folder = await onlyRun(signal);
    const { status, steps } = await readSummary(folder);
    expect(status).toBe('stopped');
    expect(steps).toBeGreaterThanOrEqual(5);
    expect(steps).toBeLessThan(STEPS);
    expect(await newestCheckpoint(signal)).toBe(steps);
    // A run that is named says itself what it trains.
    const command = how === 'auto' ? `train ${RUN} --out ${signal} --resume auto` : `train ${HOW} --resume ${folder}`;
    await expectSameEnd(command, signal, steps);
  });
});

describe('a stop while the run is set up', () => {
  const COMMAND = `coordinator ${NUMBERS} --steps ${STEPS} --port 0 --metrics-port 0 --wait-workers 600 --no-samples`;

  it.each([
    ['before it has a folder', 'early', (run: GradcastProcess) => Promise.resolve(run.children.length)],
    ['once it has one', 'setup', () => readdir(bench.path('setup')).then((names) => names.length)],
  ] as const)('%s is obeyed', async (_, out, when) => {
    const run = bench.start(`${COMMAND} --out ${out}`);
    await expect.poll(() => when(run).catch(() => 0), { interval: 2, timeout: 20_000 }).toBe(1);
    run.signal('SIGTERM');
    expect(await run.ended(20)).toMatchObject({ code: 143 });
    // Either there is something to go on with, or nothing at all.
    const runs = await runsIn(bench.path(out)).catch(() => []);
    for (const folder of runs) expect(await checkpointSteps(folder)).toEqual([0]);
  });
});

describe('a longer --steps', () => {
  it('goes on where a finished run ended', async () => {
    const first = await bench.run(`train ${NUMBERS} --steps 8 ${HOW} --out longer`);
    expect(first.code, first.stderr).toBe(0);
    await expectSameEnd(`train ${HOW} --steps ${STEPS} --resume ${await onlyRun('longer')}`, 'longer', 8);
  });

  it('is needed: a finished run has nothing more to do', async () => {
    const run = await onlyRun('undisturbed');
    const { code, stdout } = await bench.run(`train ${HOW} --resume ${run}`);
    expect(code).toBe(0);
    expect(stdout).not.toContain('"progress"');
    expect(hashesOf(await readSummary(run))).toEqual(undisturbed);
  });
});

describe('a sudden end', () => {
  it('of the command leaves no process, and a checkpoint', async () => {
    const run = await begun('orphans');
    const children = run.children.map(({ pid }) => pid);
    expect(children).toHaveLength(3);
    run.signal('SIGKILL');
    // Resolves only when the last process that held the command's stderr is gone.
    expect(await run.ended(30)).toMatchObject({ code: null, signal: 'SIGKILL' });
    await allGone(children);
    await expectSameEnd(`train ${RUN} --out orphans --resume`, 'orphans', await newestCheckpoint('orphans'));
  });

  it('of the coordinator loses no more than the steps since the last checkpoint', async () => {
    const run = await begun('crashed', ' --save-every 2');
    process.kill(run.child('coordinator').pid, 'SIGKILL');
    const { code, stderr } = await run.ended();
    expect(code).toBe(1);
    expect(stderr).toContain('[coordinator-died]');
    const incarnation = join(await onlyRun('crashed'), 'incarnation');
    expect(await readFile(incarnation, 'utf8')).toBe('1\n');
    const saved = await newestCheckpoint('crashed');
    expect(saved).toBeGreaterThan(0);
    await expectSameEnd(`train ${RUN} --out crashed --resume`, 'crashed', saved);
    expect(await readFile(incarnation, 'utf8')).toBe('2\n');
  });
});

describe('a run without workers', () => {
  it('exits 75 after --wait-workers with a checkpoint, from which it goes on', async () => {
    const flags = `${NUMBERS} --steps ${STEPS} --json --port 0 --metrics-port 0 --wait-workers 1 --no-samples`;
    const { code, stderr } = await bench.run(`coordinator ${flags} --out lonely`);
    expect(code).toBe(75);
    expect(stderr).toMatch(/^no worker is connected after 1 s; stopping with a checkpoint$/m);
    const folder = await onlyRun('lonely');
    expect(await readSummary(folder)).toMatchObject({ status: 'abandoned', steps: 0 });
    expect(await checkpointSteps(folder)).toEqual([0]);
    await expectSameEnd(`train ${HOW} --resume ${folder}`, 'lonely', 0);
  });
});
