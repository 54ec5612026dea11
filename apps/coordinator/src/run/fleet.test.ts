import { describe, expect, it } from 'vitest';
import { FleetHarness, fingerprintOf, LEAVES, stepSum, sumOf } from './fleet-harness.ts';

describe('joining', () => {
  it('goes from hello over welcome, ready and snapshot to a lease', async () => {
    const harness = new FleetHarness();
    const step = harness.fleet.open(0);
    const worker = harness.connect('ada');
    expect(worker.socket.sent).toEqual([]);
    worker.hello();
    expect(worker.socket.sent.map(({ message }) => message)).toMatchObject([
      { type: 'welcome', incarnation: 3, run: 'run-1', worker: 'ada', preset: 'dcgan', seed: 7, microBatches: LEAVES },
    ]);
    worker.ready();
    const [{ message, payload }] = worker.of('snapshot');
    expect(message).toMatchObject({ version: 0, fingerprint: fingerprintOf(0) });
    const floats = new Float32Array(payload.buffer, payload.byteOffset, payload.byteLength / 4);
    expect([floats.length, floats[0], floats[32], floats[64]]).toEqual([96, 0, 1, 2]);
    expect(worker.asked).toEqual(['0+8']);
    worker.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect(harness.told).toEqual(['joined ada', 'accepted ada', 'time ada 0 0']);
  });

  it('gives every joiner of a version the same frame', () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    expect(b.of('snapshot')).toEqual(a.of('snapshot'));
  });

  it('waits while the next state is being made, until it is committed', () => {
    const harness = new FleetHarness();
    harness.fleet.open(0);
    void harness.fleet.broadcast(0, null, null);
    const [late] = harness.join('late');
    expect([late.of('snapshot'), late.of('average')]).toEqual([[], []]);
    harness.publish(1);
    expect(late.of('snapshot').map(({ message }) => message.version)).toEqual([1]);
  });

  it('gives a name that is taken a number', () => {
    const harness = new FleetHarness();
    const workers = harness.join('ada', 'ada', 'ada');
    expect(workers.map((worker) => worker.of('welcome')[0].message.worker)).toEqual(['ada', 'ada-2', 'ada-3']);
    expect(harness.fleet.workers.map(({ name }) => name)).toEqual(['ada', 'ada-2', 'ada-3']);
  });

  it('is refused beyond the largest number of workers, but not to one that comes back', () => {
    const harness = new FleetHarness({ maxWorkers: 1 });
    const [first] = harness.join('a');
    const [second] = harness.join('b');
    expect(second.refusedWith).toBe('too-many-workers');
    const back = harness.connect('a');
    back.hello(first.of('welcome')[0].message.session);
    expect(back.refusedWith).toBeUndefined();
  });
});

describe('the work of a step', () => {
  it.each([1, 2, 3, 5, 8])('has the same bits from %i workers, whoever answers first', async (count) => {
    const harness = new FleetHarness();
    const workers = harness.join(...Array.from({ length: count }, (_, i) => `w${i}`));
    const step = harness.fleet.open(0);
    for (const worker of workers.reverse()) for (const lease of worker.leases.reverse()) worker.answer(lease);
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('is shared out evenly among equal workers', () => {
    const harness = new FleetHarness();
    const workers = harness.join('a', 'b', 'c');
    harness.fleet.open(0);
    expect(workers.map(({ asked }) => asked)).toEqual([['0+3'], ['3+3'], ['6+2']]);
  });

  it('carries the images and noise of its own leaves', () => {
    const harness = new FleetHarness();
    const [, b] = harness.join('a', 'b');
    harness.fleet.open(0);
    const [{ payload }] = b.of('lease');
    expect(payload.byteLength).toBe(4 * 2 * 4 + 4 * 2 * 2 * 4);
    expect([...payload.subarray(0, 3)]).toEqual([4, 5, 6]);
  });

  it('of the next step is sent ahead and counts once that is open', async () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    harness.fleet.prepare(1);
    expect(a.leases.map(({ version }) => version)).toEqual([0, 1]);
    a.answer(a.leases[0]);
    harness.next();
    const step = harness.fleet.open(1);
    a.answer(a.leases[1]);
    expect(await sumOf(step)).toEqual(stepSum(1));
    expect(a.leases).toHaveLength(2);
  });

  it('waits for as many workers as are wanted', () => {
    const harness = new FleetHarness({ minWorkers: 2 });
    harness.fleet.open(0);
    const [a] = harness.join('a');
    expect(a.asked).toEqual([]);
    const [b] = harness.join('b');
    expect([a.asked, b.asked]).toEqual([['0+4'], ['4+4']]);
  });

  it('is told to a stopped fleet as stopped', async () => {
    const harness = new FleetHarness();
    const step = harness.fleet.open(0);
    harness.fleet.stop();
    expect(await step.closed).toEqual({ kind: 'stopped' });
    expect(await harness.fleet.open(1).closed).toEqual({ kind: 'stopped' });
  });
});

describe('a worker that goes', () => {
  it('frees its leaves at once', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    b.answer();
    a.socket.hangUp();
    expect(b.asked).toEqual(['4+4', '0+4']);
    b.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect(harness.told).toContain('left a lost the connection ended');
  });

  it('leaves what it has finished in the sum', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    const [b] = harness.join('b');
    expect([a.asked, b.asked]).toEqual([['0+8'], []]);
    a.result({ start: 0, size: 4 });
    a.socket.hangUp();
    expect(b.asked).toEqual(['4+4']);
  });

  it('with a word finishes what it has and gets nothing more', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    harness.fleet.prepare(1);
    a.says({ type: 'leave', incarnation: 3, reason: 'told to stop' });
    b.answer(b.leases[0]);
    a.answer(a.leases[0]);
    expect(await sumOf(step)).toEqual(stepSum(0));
    harness.next();
    harness.fleet.open(1);
    b.answer(b.leases[1]);
    a.socket.hangUp();
    expect([a.asked, b.asked]).toEqual([
      ['0+4', '0+4'],
      ['4+4', '4+4', '0+4'],
    ]);
    expect(harness.told.filter((told) => told.startsWith('left'))).toEqual(['left a left told to stop']);
  });

  it('and comes back with its secret takes its own place', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    const back = harness.connect('whatever');
    back.hello(a.of('welcome')[0].message.session);
    expect([a.refusedWith, a.of('refuse')[0].message.retry]).toEqual(['replaced', 'never']);
    expect(back.of('welcome')[0].message.worker).toBe('a');
    expect(back.of('welcome')[0].message.session).not.toBe(a.of('welcome')[0].message.session);
    back.ready();
    expect(back.asked).toEqual(['0+8']);
    a.socket.hangUp();
    expect(harness.fleet.workers.map(({ name, state }) => [name, state])).toEqual([['a', 'leased']]);
  });

  it('and says why is not held to be lost', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    a.says({ type: 'refuse', code: 'compute-failed', sentence: 'the device is gone', retry: 'never' });
    a.socket.hangUp();
    expect(harness.told.slice(1)).toEqual(['refused a compute-failed']);
  });
});

describe('broadcasts', () => {
  it('leave a worker behind that does not apply them, and give it a snapshot when it caught up', () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    for (let version = 0; version < 8; version++) {
      harness.next();
      b.applied(version + 1);
    }
    expect([a.of('average').length, b.of('average').length]).toEqual([4, 8]);
    expect(harness.fleet.active).toBe(1);
    a.applied(3);
    expect(a.of('snapshot')).toHaveLength(1);
    a.applied(4);
    expect(a.of('snapshot').map(({ message }) => message.version)).toEqual([0, 8]);
    expect(harness.fleet.active).toBe(2);
  });

  it('do not ask a worker that is behind for anything', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    for (let version = 0; version < 5; version++) harness.next();
    harness.fleet.open(5);
    expect(a.asked).toEqual([]);
    a.applied(4);
    expect(a.asked).toEqual(['0+8']);
  });

  it('of a skipped step carry no average', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    void harness.fleet.broadcast(0, null, null);
    const [{ message, payload }] = a.of('average');
    expect([message.version, message.scalars, payload.byteLength]).toEqual([0, null, 0]);
  });

  it('settle when every socket has taken them', async () => {
    const harness = new FleetHarness();
    harness.join('a', 'b');
    await expect(harness.fleet.broadcast(0, null, null)).resolves.toBeUndefined();
  });
});
