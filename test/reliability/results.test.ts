/** What is wrong in a result is found, whoever sent it; nothing of it gets into the sum. */
import { Workbench } from '@gradcast/testing';
import type { Fault, PlannedFault } from '@gradcast/testing';
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

function result(party: string, step: number, fault: Fault): PlannedFault {
  return { party, step, phase: 'result', fault };
}

describe('a worker whose result', () => {
  it.each<{ what: string; fault: Fault; code: string }>([
    { what: 'has a corrupt header', fault: { kind: 'corrupt-frame', where: 'header' }, code: 'frame-malformed' },
    { what: 'has a corrupt length', fault: { kind: 'corrupt-frame', where: 'length' }, code: 'frame-malformed' },
    { what: 'is three floats short', fault: { kind: 'wrong-shape', floats: 3 }, code: 'payload-length' },
    { what: 'is not finite', fault: { kind: 'nan' }, code: 'result-numeric' },
  ])('$what is refused, and may come back', async ({ what, fault, code }) => {
    const out = what.replaceAll(' ', '-');
    scene = await Scene.start({ bench, out, steps: STEPS.short, workers: ['a', 'b'], faults: [result('b', 4, fault)] });
    await scene.coordinator.said(new RegExp(`^worker b was refused \\(${code}\\)`));
    await scene.endsLikeUndisturbed();
    for (const name of ['a', 'b']) expect(await scene.worker(name).ended()).toMatchObject({ code: 0 });
  });

  it('is of another replica gets the state anew', async () => {
    const fault = result('b', 4, { kind: 'wrong-replica' });
    const play = { bench, out: 'replica', steps: STEPS.short, workers: ['a', 'b'], faults: [fault] };
    scene = await Scene.start({ ...play, flags: '--log-level debug' });
    await scene.proxy.fired(fault);
    await scene.coordinator.said(/"outcome":"refused"/);
    await scene.endsLikeUndisturbed();
    expect(scene.coordinator.output).not.toContain('was refused');
  });
});

describe('a lie', () => {
  // More than one: on a busy machine a result may come so late that another's is used, and then it harms nobody.
  const lies = (party: string) => [4, 5, 6, 7, 8].map((step) => result(party, step, { kind: 'wrong-gradient' }));

  it('among three workers is found, and the coordinator’s own worker decides', async () => {
    const faults = lies('c');
    const play = { bench, out: 'third', steps: STEPS.short, workers: ['a', 'b', 'c'], faults, flags: '--audit 1' };
    scene = await Scene.start(play);
    await scene.coordinator.said(/^an audit found a wrong result; the arbiter decided$/);
    await scene.coordinator.said(/^worker c gets no work for \d+ s \(audit\)$/);
    await scene.endsLikeUndisturbed();
    expect(scene.coordinator.output).not.toMatch(/worker [ab] (gets no work|was refused)/);
  });

  it('between two workers is found as well', async () => {
    const faults = lies('b');
    const play = { bench, out: 'arbiter', steps: STEPS.short, workers: ['a', 'b'], faults, flags: '--audit 1' };
    scene = await Scene.start(play);
    await scene.coordinator.said(/^worker b gets no work for \d+ s \(audit\)$/);
    await scene.endsLikeUndisturbed();
    expect(scene.coordinator.output).not.toMatch(/worker a (gets no work|was refused)/);
  });

  it('of two of three workers, again and again, is found where a picked leaf is, and never outvotes the honest one', async () => {
    const every = [2, 3, 4, 5, 6, 7, 8, 9].flatMap((step) =>
      ['b', 'c'].map((party) => result(party, step, { kind: 'wrong-gradient' })),
    );
    const play = {
      bench,
      out: 'liars',
      steps: STEPS.short,
      workers: ['a', 'b', 'c'],
      faults: every,
      flags: '--audit 1',
    };
    scene = await Scene.start(play);
    await scene.coordinator.said(/^worker b gets no work for \d+ s \(audit\)$/);
    await scene.coordinator.said(/^worker c gets no work for \d+ s \(audit\)$/);
    await scene.endsLikeUndisturbed();
    expect(scene.coordinator.output).not.toMatch(/worker a (gets no work|was refused)/);
  });

  it('without an audit goes unseen: the hashes are what tells it', async () => {
    const faults = lies('b');
    const play = { bench, out: 'unseen', steps: STEPS.short, workers: ['a', 'b'], faults };
    scene = await Scene.start(play);
    await scene.proxy.fired(faults[0]);
    await expect(scene.endsLikeUndisturbed()).rejects.toThrow(/deeply equal/);
  });
});
