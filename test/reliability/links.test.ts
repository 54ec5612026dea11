/** Connections that break, hang, crawl, repeat themselves or answer late change nothing. */
import { Workbench } from '@gradcast/testing';
import type { Fault, Phase } from '@gradcast/testing';
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

/** A run of workers a and b; the fault happens to b. */
async function withFault(out: string, step: number, phase: Phase, fault: Fault, steps = STEPS.short): Promise<Scene> {
  const faults = [{ party: 'b', step, phase, fault }];
  // What became of each result is told at this level.
  const flags = '--log-level debug';
  scene = await Scene.start({ bench, out, steps, workers: ['a', 'b'], faults, flags });
  await scene.proxy.fired(faults[0]);
  return scene;
}

describe('a connection', () => {
  it('that is dropped is made again; its leaves are leased at once', async () => {
    const dropped = await withFault('dropped', 5, 'average', { kind: 'drop' });
    await dropped.worker('b').said(/trying again/);
    await dropped.endsLikeUndisturbed();
    const [{ detectionMs, recoveryMs }] = await dropped.felt();
    expect(detectionMs ?? 0).toBeLessThan(5 * 1000);
    expect(recoveryMs).toBeLessThan(5 * (1000 + 3 * (await dropped.medianLeaseMs())));
    expect(await dropped.worker('b').ended()).toMatchObject({ code: 0 });
  });

  it('that is half open holds nobody up', async () => {
    const hung = await withFault('half-open', 5, 'leased', { kind: 'half-open' });
    await hung.endsLikeUndisturbed();
    const [{ detectionMs, recoveryMs }] = await hung.felt();
    const budgetMs = 5 * (3 * (await hung.medianLeaseMs()) + 1000);
    expect(detectionMs ?? 0).toBeLessThan(budgetMs);
    expect(recoveryMs).toBeLessThan(budgetMs);
  });

  it('that crawls for a while is worked around', async () => {
    const fault: Fault = { kind: 'slow', bytesPerSecond: 400_000, ms: 4000 };
    const slow = await withFault('slow', 5, 'leased', fault, STEPS.long);
    await slow.endsLikeUndisturbed();
  });
});

describe('a result', () => {
  it('that comes twice counts once', async () => {
    const twice = await withFault('twice', 5, 'result', { kind: 'duplicate-result' });
    await twice.coordinator.said(/"outcome":"(duplicate|late)"/);
    await twice.endsLikeUndisturbed();
  });

  it('that comes late is not waited for, and dropped', async () => {
    const late = await withFault('late', 4, 'result', { kind: 'late-result', ms: 3000 }, STEPS.long);
    await late.endsLikeUndisturbed();
    const [{ recoveryMs }] = await late.felt();
    expect(recoveryMs).toBeLessThan(3000);
  });
});
