/** A run that stops early ends at the same step with the same bits, however late its scores are, and if it was killed, too. */
import { hashesOf, readEvents, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Three steps take a moment, an evaluation many times as long. What is untrained covers no real digit: recall stays 0. */
const RULE = '--evaluate-every 3 --early-stop recall --early-stop-patience 1 --evaluate-count 5000';
const RUN = '--backend wasm --no-samples --log-interval 1 --save-every 1 --keep-last 1 --json';
const HOW = `train --preset mnist --seed 5 --steps 100 ${RULE} ${RUN}`;
/** The scores of steps 3 and 6 are alike, and the second takes effect three steps after it. */
const END = { status: 'completed', steps: 9, targetSteps: 100 };

/** Seconds for what an evaluation comes before: on busy cores one takes minutes. */
const EVALUATION_SECONDS = 900;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

async function verdictsOf(run: string): Promise<unknown[]> {
  const text = await readFile(join(run, 'ledger.jsonl'), 'utf8');
  const lines = text.trimEnd().split('\n');
  return lines.flatMap((line) => {
    const said = JSON.parse(line) as { readonly kind: string };
    return said.kind === 'evaluated' ? [said] : [];
  });
}

async function savedSteps(run: string): Promise<number[]> {
  const names = await readdir(join(run, 'checkpoints'));
  return names.flatMap((name) => /^step-([0-9]+)\.safetensors$/.exec(name)?.slice(1).map(Number) ?? []);
}

describe('--early-stop', () => {
  it('ends a run at the same step with the same bits, killed before a score was known, waiting for one, and paused', async () => {
    // Bits do not depend on why a run ends.
    const reference = bench.run(`train --preset mnist --seed 5 --steps 9 --workers 1 --out reference ${RUN}`);

    const killed = bench.start(`${HOW} --workers 2 --out stopping`);
    await killed.step(4);
    const [run] = await runsIn(bench.path('stopping'));
    await expect
      .poll(() => savedSteps(run).then((steps) => Math.max(...steps)), { timeout: 200_000 })
      .toBeGreaterThan(3);
    process.kill(killed.child('coordinator').pid, 'SIGKILL');
    expect((await killed.ended()).code).toBe(1);
    // Of the steps before there is only the one whose score is not known.
    expect((await savedSteps(run)).filter((step) => step <= 3)).toEqual([3]);

    const resumed = bench.start(`train --resume ${run} --workers 2 ${RUN}`);
    await resumed.step(6);
    // It takes effect while the run waits for the score, which is there when the run goes on.
    expect((await bench.run(`pause ${run}`)).code).toBe(0);
    await resumed.said(/^samples after step 3: /, EVALUATION_SECONDS);
    expect((await bench.run(`resume ${run}`)).code).toBe(0);
    const { code, stderr } = await resumed.ended(EVALUATION_SECONDS);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^the run ends early: recall has not become better in the last evaluation/m);

    const undisturbed = await reference;
    expect(undisturbed.code, undisturbed.stderr).toBe(0);
    const stoppedEarly = { metric: 'recall', best: 0, bestStep: 3, waited: 1 };
    const hashes = hashesOf(await readSummary((await runsIn(bench.path('reference')))[0]));
    expect(await readSummary(run)).toMatchObject({
      ...END,
      ...hashes,
      stoppedEarly,
      earlyStopEvery: 3,
      earlyStopCount: 5000,
    });
    const score = { metric: 'recall', value: 0, best: 0, bestStep: 3 };
    expect(await verdictsOf(run)).toMatchObject([
      { step: 3, at: 6, ...score, waited: 0, verdict: 'goes-on' },
      { step: 6, at: 9, ...score, waited: 1, verdict: 'ends' },
    ]);
    expect((await bench.run(`verify ${run}`)).code).toBe(0);
    const events = await readEvents(run);
    const ended = events.find(({ cause }) => (cause as { kind: string } | undefined)?.kind === 'early-stop');
    expect(ended).toMatchObject({ to: 'draining', cause: { kind: 'early-stop', ...stoppedEarly } });

    // It has nothing more to do, and is no run with another rule.
    const again = await bench.run(`train --resume ${run} --workers 1 ${RUN}`);
    expect([again.code, again.stdout.includes('"progress"')]).toEqual([0, false]);
    const other = await bench.run(
      `train --resume ${run} --early-stop-patience 2 --evaluate-every 4 --evaluate-count 6000 --workers 1 ${RUN}`,
    );
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('is 1 there and 2 here (--early-stop-patience)');
    expect(other.stderr).toContain('is 3 there and 4 here (--evaluate-every)');
    expect(other.stderr).toContain('is 5000 there and 6000 here (--evaluate-count)');
  }, 2_500_000);

  it('is refused where no judge can score the samples', async () => {
    const { code, stderr } = await bench.run(`train --preset classifier --steps 2 ${RULE} ${RUN} --out refused`);
    expect(code).toBe(2);
    expect(stderr).toContain('[early-stop-judge]');
    expect(await readdir(bench.folder)).not.toContain('refused');
  });
});
