/** Workers that die, come, stand still and go in order change nothing. */
import { readLedgerSteps, Workbench } from '@gradcast/testing';
import type { Moment, PlannedFault } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Scene, STEPS } from './scene.ts';

let bench: Workbench;
let scene: Scene | undefined;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(async () => {
  await scene?.proxy.close();
  await bench.endProcesses();
});
afterAll(() => bench.remove());

/** A process test may take five times as long as the budgets in docs/reliability.md: its machine is busy. */
const LENIENCE = 5;

function kill(party: string, step: number): PlannedFault {
  return { party, step, phase: 'leased', fault: { kind: 'kill' } };
}

describe('workers', () => {
  it('all killed at once are replaced by new ones', async () => {
    const faults = ['a', 'b', 'c'].map((name) => kill(name, 6));
    scene = await Scene.start({ bench, out: 'all-killed', steps: STEPS.short, workers: ['a', 'b', 'c'], faults });
    for (const fault of faults) await scene.proxy.fired(fault);
    for (const name of ['d', 'e']) scene.addWorker(name);
    await scene.endsLikeUndisturbed();
    for (const name of ['a', 'b', 'c']) expect(await scene.worker(name).ended()).toMatchObject({ code: 1 });
    for (const { recoveryMs } of await scene.felt()) expect(recoveryMs).toBeGreaterThan(0);
  });

  it('are one, then four, then two', async () => {
    scene = await Scene.start({ bench, out: 'one-four-two', steps: STEPS.longest, workers: ['a'] });
    await scene.closed(2);
    // Stands still so that the run does not end before the others are there.
    process.kill(scene.pidOf('a'), 'SIGSTOP');
    for (const name of ['b', 'c', 'd']) scene.addWorker(name);
    for (const name of ['b', 'c', 'd']) await scene.joined(name);
    process.kill(scene.pidOf('a'), 'SIGCONT');
    const [left, right] = [kill('a', STEPS.longest - 8), kill('c', STEPS.longest - 8)];
    for (const fault of [left, right]) scene.proxy.inject(fault);
    await Promise.all([scene.proxy.fired(left), scene.proxy.fired(right)]);
    const { workers } = await scene.endsLikeUndisturbed();
    expect(workers).toBe(4);
  });

  it('lose one, whose leaves go to another within the budget', async () => {
    // When a step is closed the next one has been leased ahead.
    const fault: PlannedFault = { ...kill('b', 8), phase: 'average' };
    scene = await Scene.start({ bench, out: 'killed', steps: STEPS.short, workers: ['a', 'b'], faults: [fault] });
    await scene.endsLikeUndisturbed();
    const [{ detectionMs, recoveryMs }] = await scene.felt();
    expect(detectionMs ?? 0).toBeLessThan(LENIENCE * 1000);
    expect(recoveryMs).toBeLessThan(LENIENCE * (1000 + 3 * (await scene.medianLeaseMs())));
  });

  it('do not wait long for one that is stopped, and take it back', async () => {
    const fault: PlannedFault = { party: 'b', step: 8, phase: 'leased', fault: { kind: 'stop', ms: 4000 } };
    scene = await Scene.start({ bench, out: 'stopped', steps: STEPS.longest, workers: ['a', 'b'], faults: [fault] });
    await scene.endsLikeUndisturbed();
    const [{ recoveryMs }] = await scene.felt();
    expect(recoveryMs).toBeLessThan(LENIENCE * (3 * (await scene.medianLeaseMs()) + 1000));
  });

  it('restarted one after the other, politely, compute nothing twice', async () => {
    // Paused below two workers, the run cannot end before all are restarted.
    const play = { bench, out: 'rolling', steps: STEPS.long, workers: ['a', 'b'], flags: '--min-workers 2' };
    scene = await Scene.start(play);
    await scene.closed(2);
    for (const [old, young] of [
      ['a', 'c'],
      ['b', 'd'],
    ]) {
      scene.worker(old).signal('SIGTERM');
      expect(await scene.worker(old).ended()).toMatchObject({ code: 0 });
      scene.addWorker(young);
      if (young === 'c') await scene.joined(young);
    }
    await scene.endsLikeUndisturbed();
    const { computed, late } = byPromptness(scene.proxy.moments.all);
    for (const { step, results } of await readLedgerSteps(await scene.folder())) {
      // A step of the ledger leads to a version, its leases start from the one before.
      if (late.has(step - 1)) continue;
      expect(
        results.map(({ outcome }) => outcome),
        `step ${step}`,
      ).toEqual(results.map(() => 'accepted'));
    }
    expect(computed).toHaveLength(new Set(computed).size);
  });
});

/**
 * The leaves that were computed within the shortest term that a lease can have (a quarter of a second, and some of it for the
 * way), and the steps with others: where the machine is busy with other things a term may pass, and then others are rightly
 * asked, whoever restarts.
 */
function byPromptness(moments: readonly Moment[]): { computed: string[]; late: Set<number> } {
  const PROMPT_MS = 200;
  const opened = (step: number): number =>
    moments.find((moment) => moment.kind === 'average' && moment.step === step - 1)?.at ?? 0;
  const computed: string[] = [];
  const late = new Set<number>();
  for (const moment of moments) {
    if (moment.kind !== 'result') continue;
    const { worker, step, first, count, at } = moment;
    const leased = moments.findLast(
      (other) =>
        other.kind === 'leased' &&
        other.worker === worker &&
        other.step === step &&
        other.first <= first &&
        other.at <= at,
    );
    if (at - Math.max(leased?.at ?? 0, opened(step)) > PROMPT_MS) late.add(step);
    else computed.push(...Array.from({ length: count }, (_, i) => `${step}: ${first + i}`));
  }
  return { computed, late };
}
