/**
 * A worker of `train` that is killed is started again, and another one joins: the run ends with both hashes of an undisturbed
 * run. The fault hits at a step, told by the coordinator itself. More faults are in test/reliability.
 */
import { hashesOf, readLedgerSteps, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { GradcastProcess, Hashes } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const STEPS = 20;
const RUN = `--preset dcgan --seed 3 --steps ${STEPS} --global-batch 64 --micro-batches 4 --backend wasm --log-interval 1 --no-samples`;

let bench: Workbench;
let undisturbed: Hashes;
beforeAll(async () => {
  bench = await Workbench.create();
  const { code, stderr } = await bench.run(`train ${RUN} --workers 1 --out undisturbed`);
  expect(code, stderr).toBe(0);
  undisturbed = await hashesIn('undisturbed');
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

async function hashesIn(out: string): Promise<Hashes> {
  const [run] = await runsIn(bench.path(out));
  return hashesOf(await readSummary(run));
}

function kill(process_: { readonly pid: number }, signal: NodeJS.Signals = 'SIGKILL'): void {
  process.kill(process_.pid, signal);
}

/** Resolves when some more steps than now are told. */
async function stepsLater(run: GradcastProcess, count: number): Promise<void> {
  const told = run.events.flatMap((event) => (event.type === 'progress' ? event.step : []));
  await run.step((told.at(-1) ?? 0) + count);
}

/** Resolves when a worker has joined and a closed step used a result of it. */
async function worked(name: string, run: GradcastProcess): Promise<void> {
  const { runFolder } = await run.event('listening');
  await run.said(new RegExp(`^worker ${name} joined`));
  const results = async () => (await readLedgerSteps(bench.path(runFolder))).flatMap((step) => step.results);
  const isUsed = async () => (await results()).some((each) => each.worker === name && each.outcome === 'accepted');
  while (!(await isUsed())) await stepsLater(run, 1);
}

/**
 * A run goes on with the one worker that is left; then that one stands still until another has taken over, so that the run
 * does not end before it is there.
 */
async function goesOnUntil(name: string, run: GradcastProcess, left: { readonly pid: number }): Promise<void> {
  await stepsLater(run, 3);
  kill(left, 'SIGSTOP');
  await worked(name, run);
  kill(left, 'SIGCONT');
}

describe('train', () => {
  it('starts a killed worker again, and lets another one join', async () => {
    const token = { GRADCAST_TOKEN: 'shared-secret-shared-secret' };
    const run = bench.start(`train ${RUN} --json --workers 2 --out train`, token);
    const { url } = await run.event('listening');
    await run.step(5);
    await Promise.all(['local-0', 'local-1'].map((name) => worked(name, run)));
    const [victim, left] = run.children.filter(({ command }) => command.includes('worker.mjs'));
    kill(victim);
    const guest = bench.start(`worker --coordinator ${url} --backend wasm --name guest`, token);
    await run.said(/^worker local-\d ended unexpectedly \(killed by SIGKILL\); starting it again/);
    await goesOnUntil('guest', run, left);
    const { workers } = await run.event('summary');
    expect(workers).toBe(3);
    expect(await run.ended()).toMatchObject({ code: 0 });
    expect(await guest.ended()).toMatchObject({ code: 0 });
    expect(await hashesIn('train')).toEqual(undisturbed);
  });
});
