/** A coordinator that is killed in any phase of a step goes on as if nothing had happened; workers find it again. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { COORDINATOR, Workbench } from '@gradcast/testing';
import type { Phase, PlannedFault } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Scene, STEPS } from './scene.ts';

const SAVING = '--save-every 3 --save-seconds 0';

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

function killedAt(step: number, phase: Phase): PlannedFault {
  return { party: COORDINATOR, step, phase, fault: { kind: 'kill' } };
}

describe('a coordinator killed', () => {
  it.each<{ when: string; step: number; phase: Phase; from: readonly number[] }>([
    { when: 'while it leases a step', step: 8, phase: 'leased', from: [6, 3] },
    { when: 'while it adds results', step: 8, phase: 'result', from: [6, 3] },
    { when: 'while it takes the step', step: 8, phase: 'average', from: [6, 3] },
    { when: 'while it writes a checkpoint', step: 9, phase: 'checkpoint', from: [9, 6] },
  ])('$when', async ({ step, phase, from }) => {
    const fault = killedAt(step, phase);
    scene = await Scene.start({
      bench,
      out: phase,
      steps: STEPS.short,
      workers: ['a', 'b'],
      faults: [fault],
      flags: SAVING,
    });
    await scene.proxy.fired(fault);
    expect(from).toContain(await scene.restartCoordinator());
    await scene.endsLikeUndisturbed();
    for (const name of ['a', 'b']) expect(await scene.worker(name).ended()).toMatchObject({ code: 0 });
    const [{ recoveryMs }] = await scene.felt();
    expect(recoveryMs).toBeGreaterThan(0);
  });

  it('again and again', async () => {
    const faults = [killedAt(4, 'result'), killedAt(7, 'average'), killedAt(9, 'checkpoint'), killedAt(13, 'leased')];
    const play = { bench, out: 'often', steps: STEPS.long, workers: ['a', 'b'], faults };
    scene = await Scene.start({ ...play, flags: SAVING });
    for (const fault of faults) {
      await scene.proxy.fired(fault);
      await scene.restartCoordinator();
    }
    await scene.endsLikeUndisturbed();
  });

  it('whose newest checkpoint is damaged goes on from the one before, and says so', async () => {
    const fault = killedAt(11, 'result');
    const play = { bench, out: 'damaged', steps: STEPS.short, workers: ['a'], faults: [fault], flags: SAVING };
    scene = await Scene.start(play);
    await scene.proxy.fired(fault);
    await scene.coordinator.ended();
    const newest = await damageNewest(await scene.checkpoints);
    expect(await scene.restartCoordinator()).toBe(newest - 3);
    expect(await scene.coordinator.said(/The checkpoint before it is used/)).toContain(`${newest}.safetensors`);
    await scene.endsLikeUndisturbed();
  });
});

/** Flips bits in the middle of the newest checkpoint. @returns its step. */
async function damageNewest(folder: string): Promise<number> {
  const name = (await readdir(folder))
    .filter((each) => each.startsWith('step-'))
    .sort()
    .at(-1)!;
  const file = await open(join(folder, name), 'r+');
  try {
    const { size } = await file.stat();
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, size >> 1);
    byte[0] ^= 0xff;
    await file.write(byte, 0, 1, size >> 1);
  } finally {
    await file.close();
  }
  return Number(/\d+/.exec(name)![0]);
}
