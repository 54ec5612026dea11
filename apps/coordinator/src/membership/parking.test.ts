import { describe, expect, it } from 'vitest';
import { FleetHarness } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';

const pong = (worker: FakeWorker) => worker.says({ type: 'pong', incarnation: 3, id: 1 });
/** Says that all it was sent is applied. */
const catchUp = (worker: FakeWorker) => worker.applied(worker.of('average').at(-1)!.message.version + 1);
const snapshots = (worker: FakeWorker) => worker.of('snapshot').length;

/** Some steps of a fast worker, one each 200 ms; the other applies nothing. */
function run(harness: FleetHarness, fast: FakeWorker, { steps, slow }: { steps: number; slow: FakeWorker }): void {
  for (let step = 0; step < steps; step++) {
    harness.fleet.open(harness.version);
    if (fast.lease.version === harness.version) fast.answer();
    harness.pass(200, () => [fast, slow].forEach(pong));
    harness.next();
    fast.applied(harness.version);
  }
}

/** A fast worker in step and a slow one that has just caught up with what it was sent before it was left behind. */
function besides(): { harness: FleetHarness; fast: FakeWorker; slow: FakeWorker } {
  const harness = new FleetHarness();
  const [fast] = harness.join('fast');
  const slow = harness.connect('slow');
  slow.hello();
  slow.ready();
  run(harness, fast, { steps: 50, slow });
  slow.applied(0);
  catchUp(slow);
  return { harness, fast, slow };
}

describe('a worker that cannot keep up beside faster ones', () => {
  it('is parked, told the rate it needs, and gets no further snapshot', () => {
    const { harness, fast, slow } = besides();
    const [{ message }] = slow.of('parked');
    expect(message.neededBytesPerSecond).toBeGreaterThan(2 * message.bytesPerSecond);
    expect(harness.count(`parked slow ${message.bytesPerSecond} ${message.neededBytesPerSecond}`)).toBe(1);
    run(harness, fast, { steps: 300, slow });
    slow.says({ type: 'resync', incarnation: 3, version: 4, fingerprint: 'ab'.repeat(16) });
    expect([snapshots(slow), slow.refusedWith]).toEqual([1, undefined]);
    expect(harness.fleet.workers.map(({ name, state }) => [name, state])).toContainEqual(['slow', 'parked']);
  });

  it('works when the others are gone', () => {
    const { harness, fast, slow } = besides();
    fast.socket.hangUp();
    harness.pass(6000, () => pong(slow));
    expect(snapshots(slow)).toBe(2);
    slow.applied(harness.version);
    harness.fleet.open(harness.version);
    expect(slow.lease).toMatchObject({ version: harness.version, first: 0, count: 8 });
  });

  it('is tried again after a pause, which doubles', () => {
    const { harness, fast, slow } = besides();
    const minute = { steps: 300, slow };
    for (let i = 0; i < 4; i++) run(harness, fast, minute);
    expect(snapshots(slow)).toBe(1);
    for (let i = 0; i < 2; i++) run(harness, fast, minute);
    expect(snapshots(slow)).toBe(2);
    catchUp(slow);
    expect(slow.of('parked')).toHaveLength(2);
    for (let i = 0; i < 9; i++) run(harness, fast, minute);
    expect(snapshots(slow)).toBe(2);
    for (let i = 0; i < 2; i++) run(harness, fast, minute);
    expect(snapshots(slow)).toBe(3);
  });

  it('comes back when the run has become slow enough for it', () => {
    const { harness, fast, slow } = besides();
    for (let step = 0; step < 12; step++) {
      harness.pass(20_000, () => [fast, slow].forEach(pong));
      harness.next();
      fast.applied(harness.version);
    }
    harness.pass(200, () => [fast, slow].forEach(pong));
    expect(snapshots(slow)).toBe(2);
  });
});

describe('a worker that falls behind', () => {
  it('once for a moment is given a snapshot, not parked', () => {
    const harness = new FleetHarness();
    const [fast, other] = harness.join('fast', 'other');
    harness.fleet.open(0);
    other.answer();
    run(harness, fast, { steps: 20, slow: other });
    catchUp(other);
    expect([other.of('parked').length, snapshots(other)]).toEqual([0, 2]);
  });

  it('alone is never parked', () => {
    const harness = new FleetHarness();
    const [only] = harness.join('only');
    for (let turn = 0; turn < 10; turn++) {
      for (let step = 0; step < 6; step++) {
        harness.pass(200, () => pong(only));
        harness.next();
      }
      catchUp(only);
    }
    expect([only.of('parked').length, snapshots(only)]).toEqual([0, 11]);
  });
});

describe('what waits for a worker', () => {
  it('is bounded in bytes, whatever it says it has applied', () => {
    const harness = new FleetHarness();
    const [liar, honest] = harness.join('liar', 'honest');
    liar.socket.stuck = true;
    for (let step = 0; step < 40; step++) {
      harness.fleet.open(harness.version);
      harness.fleet.prepare(harness.version + 1);
      harness.next();
      honest.applied(harness.version);
      const sent = liar.of('average').at(-1)?.message.version;
      if (sent !== undefined) liar.applied(sent + 1);
      for (let i = 0; i < 50; i++) liar.says({ type: 'ping', incarnation: 3, id: i });
    }
    // A snapshot, four averages and two steps' leases, and their headers.
    expect(liar.socket.bufferedAmount).toBeLessThan(32 * 4 * 7 + 2 * 200 + 3 * 16_384);
    expect(honest.of('average').length).toBe(40);
  });

  it('does not hold a step: leaves go to a joiner once it has its snapshot', () => {
    const harness = new FleetHarness();
    const [fast] = harness.join('fast');
    const slow = harness.connect('slow');
    slow.socket.stuck = true;
    slow.hello();
    slow.ready();
    harness.fleet.open(0);
    expect([fast.asked, slow.asked]).toEqual([['0+8'], []]);
    slow.applied(0);
    fast.answer();
    harness.next();
    fast.applied(1);
    harness.fleet.open(1);
    expect(slow.asked).toEqual(['4+4']);
  });
});

describe('an applied', () => {
  it('of a version that was not sent is refused', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    a.applied(1);
    expect(a.refusedWith).toBe('message-unexpected');
  });
});
