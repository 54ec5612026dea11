/**
 * `gradcast pause`, `resume`, `stop` and `drain` on real runs: what they do takes effect, nothing else does, and the run ends
 * with the hashes of a run that nobody touched.
 */
import { cp, readdir, readlink, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  checkpointSteps,
  hashesOf,
  readEvents,
  readLedgerSteps,
  readSummary,
  runsIn,
  Workbench,
} from '@gradcast/testing';
import type { EventRecord, GradcastProcess, Hashes } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const STEPS = 24;
const NUMBERS = '--preset dcgan --seed 5 --global-batch 64 --micro-batches 4';
const HOW = '--backend wasm --log-interval 1 --json --no-samples --save-seconds 3600';
const RUN = `${NUMBERS} --steps ${STEPS} ${HOW}`;

const PATIENT = { interval: 50, timeout: 60_000 };

let bench: Workbench;
let undisturbed: Hashes;
beforeAll(async () => {
  bench = await Workbench.create();
  const { code, stderr } = await bench.run(`train ${RUN} --workers 1 --out undisturbed`);
  expect(code, stderr).toBe(0);
  // Nobody is told as lost who was sent home at the end.
  expect(stderr).not.toMatch(/ left: /);
  undisturbed = hashesOf(await readSummary(await onlyRun('undisturbed')));
});
afterEach(async () => {
  await bench.endProcesses();
  expect((await readdir(bench.folder)).filter((name) => name.startsWith('gradcast-'))).toEqual([]);
});
afterAll(() => bench.remove());

async function onlyRun(out: string): Promise<string> {
  const runs = await runsIn(bench.path(out));
  expect(runs).toHaveLength(1);
  return runs[0];
}

/** A run that trains, and its folder. */
async function begun(out: string, flags: string, env?: Readonly<Record<string, string>>) {
  const run = bench.start(`train ${RUN} --out ${out} ${flags}`, env);
  await run.step(3);
  return { run, folder: await onlyRun(out) };
}

/** Runs an operator's command with `--json`; it must succeed. @returns what it says. */
async function operate(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await bench.run([...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function expectSameEnd(run: GradcastProcess, folder: string): Promise<void> {
  const { code, stderr } = await run.ended();
  expect(code, stderr).toBe(0);
  const summary = await readSummary(folder);
  expect(summary).toMatchObject({ status: 'completed', steps: STEPS });
  expect(hashesOf(summary)).toEqual(undisturbed);
}

describe.skipIf(process.platform === 'win32')('an operator', () => {
  it('pauses and resumes a run: no step closes meanwhile, and the bits are the same', async () => {
    const { run, folder } = await begun('paused', '--workers 2');
    expect(await operate('pause', folder)).toMatchObject({ type: 'pause', ok: true, changed: true, state: 'paused' });
    await run.said(/^the run is paused; gradcast resume goes on with it$/);
    const { step } = run.events.findLast((event) => event.type === 'progress')!;
    // The pause saves what there is to go on from.
    await expect.poll(() => checkpointSteps(folder), PATIENT).toContain(step);
    expect(await operate('pause', folder)).toMatchObject({ changed: false, state: 'paused' });
    await quietFor(folder, 2);
    expect(await readLedgerSteps(folder)).toHaveLength(step);
    expect(await operate('resume', folder)).toMatchObject({ changed: true, state: 'waiting-for-workers' });
    expect(await operate('resume', folder)).toMatchObject({ ok: true, changed: false });
    await expectSameEnd(run, folder);
    const { between, seconds } = await pauseOf(folder);
    expect(between.map(({ type }) => type)).not.toContain('step-closed');
    // Speed is that of the time in which the run trained.
    const events = await readEvents(folder);
    const [first, last] = [events[0], events[events.length - 1]];
    expect(seconds).toBeGreaterThan(2);
    expect((await readSummary(folder)).seconds).toBeLessThan(last.time - first.time - seconds);
  });

  it('may take all workers from a paused run, for which no clock of waiting goes on', async () => {
    const flags = '--port 0 --metrics-port 0 --wait-workers 12 --out emptied';
    const run = bench.start(`coordinator ${RUN} ${flags}`);
    const { url } = await run.event('listening');
    const joins = (name: string) =>
      bench.start(`worker --backend wasm --metrics-port 0 --name ${name} --coordinator ${url}`);
    const first = joins('first');
    await run.step(3);
    const folder = await onlyRun('emptied');
    await operate('pause', folder);
    expect(await operate('drain', folder, 'first')).toMatchObject({ worker: 'first', state: 'paused', workers: [] });
    expect(await first.ended()).toMatchObject({ code: 0 });
    await quietFor(folder, 13);
    const second = joins('second');
    await run.said(/^worker second joined/);
    await second.said(/^the run is paused by its operator; this worker waits$/);
    await operate('resume', folder);
    await expectSameEnd(run, folder);
    expect(await second.ended()).toMatchObject({ code: 0 });
  });

  it('stops a run with a checkpoint, as a signal does, and has it go on to the same end', async () => {
    const { run, folder } = await begun('stopped', '--workers 2');
    const socket = await readlink(join(folder, 'control'));
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(socket))).mode & 0o777).toBe(0o700);
    const said = await operate('stop', folder);
    expect(said).toMatchObject({ type: 'stop', ok: true, state: 'stopped', steps: STEPS });
    const { status, steps } = await readSummary(folder);
    expect([status, steps, (await checkpointSteps(folder)).at(-1)]).toEqual(['stopped', said['step'], said['step']]);
    // The run is free as soon as the command has returned.
    const again = bench.start(`train --resume ${folder} ${HOW} --workers 1`);
    const { code, stderr } = await run.ended();
    expect(code, stderr).toBe(143);
    expect(stderr).toContain('the operator stops the run; stopping with a checkpoint (by the control socket)\n');
    expect(stderr).not.toMatch(/trying again|the connection ended/);
    expect(await again.event('listening')).toMatchObject({ resumedFromStep: steps });
    await expectSameEnd(again, folder);
  });

  it('drains a worker: it finishes, goes with 0, none of its leases is lost, and the bits are the same', async () => {
    const { run, folder } = await begun('drained', '--workers 1', { GRADCAST_TOKEN: 'a-token-of-sixteen' });
    const { url } = await run.event('listening');
    const guest = bench.start(`worker --backend wasm --metrics-port 0 --name guest --coordinator ${url}`, {
      GRADCAST_TOKEN: 'a-token-of-sixteen',
    });
    await run.said(/^worker guest joined/);
    const used = async () =>
      (await readLedgerSteps(folder)).flatMap(({ results }) => results.map(({ worker }) => worker));
    await expect.poll(used, PATIENT).toContain('guest');
    expect(await operate('drain', folder, 'guest')).toMatchObject({ type: 'drain', ok: true, worker: 'guest' });
    const ended = await guest.ended();
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toContain('the coordinator lets this worker go: drained by the operator\n');
    await run.said(/^worker guest left: drained by the operator$/);
    const gone = await bench.run(['drain', folder, 'guest']);
    expect([gone.code, gone.stderr]).toEqual([
      1,
      'gradcast: no worker "guest" is connected; local-0 is [worker-unknown]\n',
    ]);
    await expectSameEnd(run, folder);
    const events = await readEvents(folder);
    // On a busy machine its leases may have expired before.
    const since = events.slice(events.findIndex(({ type }) => type === 'drain-asked'));
    expect(since.filter(({ worker }) => worker === 'guest')).toMatchObject([
      { type: 'drain-asked', by: 'the control socket' },
      { type: 'left', why: 'drained' },
    ]);
    expect(events.filter(({ type }) => type === 'left').map(({ worker, why }) => [worker, why])).toEqual([
      ['guest', 'drained'],
      ['local-0', 'dismissed'],
    ]);
  });

  it('drains the last of a run’s own workers, which is not started again, and the run says how it ends', async () => {
    const { run, folder } = await begun('alone', '--workers 1');
    const said = await bench.run(['drain', folder, 'local-0']);
    expect([said.code, said.stdout]).toEqual([
      0,
      'worker local-0 is gone; 0 of at least 1 workers are left, so the run waits for others\n',
    ]);
    const { code, stderr } = await run.ended();
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('every local worker has ended and no other is connected; stopping with a checkpoint\n');
    const again = bench.start(`train --resume ${folder} ${HOW} --workers 1`);
    await expectSameEnd(again, folder);
  });

  it('has nothing to do with a run that is over, was killed, or is a copy of one that goes on', async () => {
    const over = await onlyRun('undisturbed');
    const late = await bench.run(['pause', over]);
    expect([late.code, late.stderr]).toEqual([
      1,
      `gradcast: no coordinator answers for the run in ${over}: it has completed at step ${STEPS} of ${STEPS} [run-not-running]\n`,
    ]);
    const { run, folder } = await begun('killed', '--workers 1');
    const copy = bench.path('copied');
    await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
    const copied = await bench.run(['stop', copy]);
    expect([copied.code, copied.stderr]).toEqual([1, expect.stringMatching(/ \[run-copied\]\n$/)]);
    process.kill(run.child('coordinator').pid, 'SIGKILL');
    await run.ended();
    const killed = await bench.run(['stop', folder]);
    expect([killed.code, killed.stderr]).toEqual([
      1,
      expect.stringMatching(/: it was killed, .* \[run-not-running\]\n$/),
    ]);
  });
});

/** Resolves when nothing has happened in a run for so long. */
async function quietFor(folder: string, seconds: number): Promise<void> {
  const since = async () => Date.now() / 1000 - (await readEvents(folder)).at(-1)!.time;
  await expect.poll(since, PATIENT).toBeGreaterThan(seconds);
}

/** What happened in the pause of a run, and how long it was. */
async function pauseOf(folder: string): Promise<{ between: EventRecord[]; seconds: number }> {
  const events = await readEvents(folder);
  const from = events.findIndex(({ type, to }) => type === 'state' && to === 'paused');
  const until = events.findIndex(({ type }, i) => i > from && type === 'state');
  return { between: events.slice(from, until), seconds: events[until].time - events[from].time };
}
