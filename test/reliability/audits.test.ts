/** Audits by the coordinator's own worker: nothing that it did not settle gets into the sum, and the ledger says so. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLedgerSteps, Workbench } from '@gradcast/testing';
import type { LedgerStep, PlannedFault } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const STEPS = 10;

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

const isArbiter = (worker: string) => worker.startsWith('arbiter-');

/** Whether the arbiter answered for just this subtree. */
function wasSettled({ results }: LedgerStep, { start, size }: LedgerStep['results'][number]): boolean {
  return results.some(
    (each) => isArbiter(each.worker) && each.outcome !== 'late' && each.start === start && each.size === size,
  );
}

describe('with audits', () => {
  it('a newcomer that lies again and again is found at once, long before its share of audits is up', async () => {
    const steps = [2, 3, 4, 5, 6, 7, 8];
    const faults = steps.map((step): PlannedFault => {
      return { party: 'c', step, phase: 'result', fault: { kind: 'wrong-gradient' } };
    });
    const play = { bench, out: 'newcomer', steps: STEPS, workers: ['a', 'b', 'c'], faults, flags: '--audit 0.3' };
    scene = await Scene.start({ ...play, backend: 'wasm' });
    await scene.coordinator.said(/^an audit found a wrong result; the arbiter decided$/);
    await scene.coordinator.said(/^worker c was refused \(audit-lost\)/);
    await scene.coordinator.said(/^worker c gets no work for \d+ s \(audit\)$/);
    await scene.endsLikeUndisturbed();
    expect(scene.coordinator.output).not.toMatch(/worker [ab] (gets no work|was refused)/);
    const lines = await readLedgerSteps(await scene.folder());
    const ofLiar = lines.flatMap((line) =>
      line.results.filter(({ worker }) => worker === 'c').map((its) => ({ line, its })),
    );
    expect(ofLiar.length).toBeGreaterThan(0);
    for (const { line, its } of ofLiar) {
      if (its.outcome !== 'late') expect(wasSettled(line, its), JSON.stringify(line)).toBe(true);
    }
    expect(ofLiar.map(({ its }) => its.outcome)).toContain('refuted');
    // It has wasm's profile, as they do: whose value it was decided no bit.
    expect(lines.map(({ exact }) => exact)).toEqual(lines.map(() => undefined));
  });

  it('a worker of a profile that the coordinator cannot compute is judged by wasm, and its bits are used', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'gradcast-empty-'));
    try {
      scene = await Scene.start({
        bench,
        out: 'across',
        // Each is computed twice, the second time by a process that starts only once it is needed.
        steps: 4,
        workers: ['a'],
        flags: '--audit 1',
        backend: 'wasm',
        workersBackend: 'tensorflow',
        // Without the native library.
        environment: { GRADCAST_CACHE: cache },
      });
      await scene.coordinator.said(/^an arbiter with backend tensorflow ended; wasm decides$/);
      const { exact } = await scene.endsLikeUndisturbed();
      expect(exact).toBe(true);
      expect(scene.coordinator.output).not.toMatch(/worker a (gets no work|was refused)/);
      for (const line of await readLedgerSteps(await scene.folder())) {
        expect(line.exact, JSON.stringify(line)).toBe(false);
        const held = line.results.filter(({ worker }) => worker === 'a');
        expect(held.map((each) => [each.outcome, wasSettled(line, each)])).toEqual(held.map(() => ['held', true]));
      }
    } finally {
      await rm(cache, { recursive: true });
    }
  });
});
