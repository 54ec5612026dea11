import { describe, expect, it } from 'vitest';
import { FleetBench } from '../leasing/fleet-harness.ts';
import type { FakeWorker } from '../leasing/fleet-harness.ts';

const pong = (worker: FakeWorker) => worker.says({ type: 'pong', incarnation: 3, id: 1 });
/** Says that all it was sent is applied. */
const catchUp = (worker: FakeWorker) => worker.applied(worker.of('average').at(-1)!.message.version + 1);
const snapshots = (worker: FakeWorker) => worker.of('snapshot').length;

/** Some steps of a fast worker, one each 200 ms; the other applies nothing. */
function run(bench: FleetBench, fast: FakeWorker, { steps, slow }: { steps: number; slow: FakeWorker }): void {
  for (let step = 0; step < steps; step++) {
    bench.fleet.open(bench.version);
    if (fast.lease.version === bench.version) fast.answer();
    bench.pass(200, () => [fast, slow].forEach(pong));
    bench.next();
    fast.applied(bench.version);
  }
}

/** A fast worker in step and a slow one that has just caught up with what it was sent before it was left behind. */
function besides(): { bench: FleetBench; fast: FakeWorker; slow: FakeWorker } {
  const bench = new FleetBench();
  const [fast] = bench.join('fast');
  const slow = bench.connect('slow');
  slow.hello();
  slow.ready();
  run(bench, fast, { steps: 50, slow });
  slow.applied(0);
  catchUp(slow);
  return { bench, fast, slow };
}

describe('a worker that cannot keep up beside faster ones', () => {
  it('is parked, told the rate it needs, and gets no further snapshot', () => {
    const { bench, fast, slow } = besides();
    const [{ message }] = slow.of('parked');
    expect(message.neededBytesPerSecond).toBeGreaterThan(2 * message.bytesPerSecond);
    expect(bench.count(`parked slow ${message.bytesPerSecond} ${message.neededBytesPerSecond}`)).toBe(1);
    run(bench, fast, { steps: 300, slow });
    slow.says({ type: 'resync', incarnation: 3, version: 4, fingerprint: 'ab'.repeat(16) });
    expect([snapshots(slow), slow.refusedWith]).toEqual([1, undefined]);
    expect(bench.fleet.workers.map(({ name, state }) => [name, state])).toContainEqual(['slow', 'parked']);
  });

  it('works when the others are gone', () => {
    const { bench, fast, slow } = besides();
    fast.socket.hangUp();
    bench.pass(6000, () => pong(slow));
    expect(snapshots(slow)).toBe(2);
    slow.applied(bench.version);
    bench.fleet.open(bench.version);
    expect(slow.lease).toMatchObject({ version: bench.version, first: 0, count: 8 });
  });

  it('is tried again after a pause, which doubles', () => {
    const { bench, fast, slow } = besides();
    const minute = { steps: 300, slow };
    for (let i = 0; i < 4; i++) run(bench, fast, minute);
    expect(snapshots(slow)).toBe(1);
    for (let i = 0; i < 2; i++) run(bench, fast, minute);
    expect(snapshots(slow)).toBe(2);
    catchUp(slow);
    expect(slow.of('parked')).toHaveLength(2);
    for (let i = 0; i < 9; i++) run(bench, fast, minute);
    expect(snapshots(slow)).toBe(2);
    for (let i = 0; i < 2; i++) run(bench, fast, minute);
    expect(snapshots(slow)).toBe(3);
  });

  it('comes back when the run has become slow enough for it', () => {
    const { bench, fast, slow } = besides();
    for (let step = 0; step < 12; step++) {
      bench.pass(20_000, () => [fast, slow].forEach(pong));
      bench.next();
      fast.applied(bench.version);
    }
    bench.pass(200, () => [fast, slow].forEach(pong));
    expect(snapshots(slow)).toBe(2);
  });
});

describe('a worker that falls behind', () => {
  it('once for a moment is given a snapshot, not parked', () => {
    const bench = new FleetBench();
    const [fast, other] = bench.join('fast', 'other');
    bench.fleet.open(0);
    other.answer();
    run(bench, fast, { steps: 20, slow: other });
    catchUp(other);
    expect([other.of('parked').length, snapshots(other)]).toEqual([0, 2]);
  });

  it('alone is never parked', () => {
    const bench = new FleetBench();
    const [only] = bench.join('only');
    for (let turn = 0; turn < 10; turn++) {
      for (let step = 0; step < 6; step++) {
        bench.pass(200, () => pong(only));
        bench.next();
      }
      catchUp(only);
    }
    expect([only.of('parked').length, snapshots(only)]).toEqual([0, 11]);
  });
});

describe('what waits for a worker', () => {
  it('is bounded in bytes, whatever it says it has applied', () => {
    const bench = new FleetBench();
    const [liar, honest] = bench.join('liar', 'honest');
    liar.socket.stuck = true;
    for (let step = 0; step < 40; step++) {
      bench.fleet.open(bench.version);
      bench.fleet.prepare(bench.version + 1);
      bench.next();
      honest.applied(bench.version);
      const sent = liar.of('average').at(-1)?.message.version;
      if (sent !== undefined) liar.applied(sent + 1);
      for (let i = 0; i < 50; i++) liar.says({ type: 'ping', incarnation: 3, id: i });
    }
    // A snapshot, four averages and two steps' leases, and their headers.
    expect(liar.socket.bufferedAmount).toBeLessThan(32 * 4 * 7 + 2 * 200 + 3 * 16_384);
    expect(honest.of('average').length).toBe(40);
  });

  it('does not hold a step: leaves go to a joiner once it has its snapshot', () => {
    const bench = new FleetBench();
    const [fast] = bench.join('fast');
    const slow = bench.connect('slow');
    slow.socket.stuck = true;
    slow.hello();
    slow.ready();
    bench.fleet.open(0);
    expect([fast.asked, slow.asked]).toEqual([['0+8'], []]);
    slow.applied(0);
    fast.answer();
    bench.next();
    fast.applied(1);
    bench.fleet.open(1);
    expect(slow.asked).toEqual(['4+4']);
  });
});

describe('an applied', () => {
  it('of a version that was not sent is refused', () => {
    const bench = new FleetBench();
    const [a] = bench.join('a');
    a.applied(1);
    expect(a.refusedWith).toBe('message-unexpected');
  });
});
