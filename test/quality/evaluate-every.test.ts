/** Samples are scored while a run goes on: no step waits for it, and the run comes to the same bits. */
import { hashesOf, readEvents, readMetrics, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Steps of a moment. */
const HOW =
  'train --preset mnist --global-batch 16 --micro-batches 1 --steps 8 --workers 1 --backend wasm --seed 5 --no-samples --log-interval 1 --json';
const LAST = 8;
const COUNT = 2000;
/** Seconds for a run's end or for `gradcast evaluate`: on busy cores one evaluation takes minutes, and other work comes first. */
const EVALUATION_SECONDS = 900;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

describe('--evaluate-every', () => {
  it('lets no step wait, changes no bit, and tells the same as gradcast evaluate', async () => {
    for (const [out, flags] of [
      ['without', ''],
      ['with', ` --evaluate-every 1 --evaluate-count ${COUNT}`],
    ]) {
      const ran = await bench.start(`${HOW}${flags} --out ${out}`).ended(EVALUATION_SECONDS);
      expect(ran.code, ran.stderr).toBe(0);
    }
    const [[without], [run]] = await Promise.all(['without', 'with'].map((out) => runsIn(bench.path(out))));
    const summary = await readSummary(run);
    expect(hashesOf(summary)).toEqual(hashesOf(await readSummary(without)));
    expect((await readSummary(without)).quality).toBeNull();

    // The first evaluation takes many times as long as all steps, which closed meanwhile.
    const events = await readEvents(run);
    const first = events.find(({ type }) => type === 'evaluated')!;
    const closed = events.filter(({ type, seq }) => type === 'step-closed' && seq < first.seq);
    expect(first.step).toBe(1);
    expect(closed.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, LAST]);

    expect(summary.quality).toMatchObject({ step: LAST, judge: '0', samples: COUNT });
    const { d_x } = summary.quality!.heldOut;
    for (const mean of [d_x.training, d_x.test]) expect(Math.abs(mean - 0.5)).toBeLessThan(0.5);
    const lines = (await readMetrics(run)) as unknown as Readonly<Record<string, number>>[];
    expect(lines.at(-1)).toMatchObject({
      step: LAST,
      evaluated_step: LAST,
      frechet: summary.quality!.frechet,
      val_d_x: d_x.test,
    });

    const evaluated = await bench.start(`evaluate ${run} --count ${COUNT} --json`).ended(EVALUATION_SECONDS);
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const { judges } = JSON.parse(evaluated.stdout) as { judges: { scores: Readonly<Record<string, unknown>> }[] };
    const others = ['step', 'judge', 'samples', 'heldOut'];
    const scores = Object.entries(summary.quality!).filter(([name]) => !others.includes(name));
    expect(judges[0].scores).toMatchObject(Object.fromEntries(scores));
  }, 2_000_000);
});
