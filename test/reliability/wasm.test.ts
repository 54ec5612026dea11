/** The same promises on the backend that is always there: each kind of disturbance once. */
import { COORDINATOR, Workbench } from '@gradcast/testing';
import type { PlannedFault } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
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

describe('on wasm', () => {
  it('a killed worker and a wrong result change nothing', async () => {
    const faults: PlannedFault[] = [
      { party: 'b', step: 4, phase: 'result', fault: { kind: 'nan' } },
      { party: 'c', step: 6, phase: 'leased', fault: { kind: 'kill' } },
    ];
    scene = await Scene.start({
      bench,
      out: 'workers',
      steps: STEPS,
      workers: ['a', 'b', 'c'],
      faults,
      backend: 'wasm',
    });
    await scene.endsLikeUndisturbed();
    await scene.felt();
  });

  it('a killed coordinator goes on', async () => {
    const fault: PlannedFault = { party: COORDINATOR, step: 7, phase: 'result', fault: { kind: 'kill' } };
    const play = { bench, out: 'coordinator', steps: STEPS, workers: ['a', 'b'], faults: [fault] };
    scene = await Scene.start({ ...play, flags: '--save-every 3', backend: 'wasm' });
    await scene.proxy.fired(fault);
    await scene.restartCoordinator();
    await scene.endsLikeUndisturbed();
  });
});
