import { describe, expect, it } from 'vitest';
import { FleetHarness, stepSum, sumOf } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';
import type { OpenStep } from './open-step.ts';

/** Milliseconds that a worker was given for its newest lease of a step. */
function termOf(step: OpenStep, worker: string): number {
  const { deadline, grantedAt } = step.leases.open.findLast((lease) => lease.worker === worker)!;
  return deadline - grantedAt;
}

const pong = (worker: FakeWorker) => worker.says({ type: 'pong', incarnation: 3, id: 1 });

describe('a lease that takes too long', () => {
  it('goes to another worker, and whoever answers first is used', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    b.answer();
    const term = termOf(step, 'a');
    harness.pass(term - 100, () => pong(a));
    expect(b.asked).toEqual(['4+4']);
    harness.pass(200);
    expect([harness.count('expired a'), b.asked]).toEqual([1, ['4+4', '0+4']]);
    a.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
    b.answer();
    expect([harness.count('accepted a'), harness.count('late b')]).toEqual([1, 1]);
  });

  it('has twice the term the next time', () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    const term = termOf(step, 'b');
    b.answer();
    harness.pass(term + 100);
    expect(termOf(step, 'b')).toBeGreaterThanOrEqual(2 * term);
    expect(a.leases).toHaveLength(1);
  });

  it('is asked about at once, and its worker gets nothing more until it is heard from', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    const first = harness.fleet.open(0);
    a.result({ start: 0, size: 4 });
    harness.pass(termOf(first, 'a') + 100);
    expect(a.of('ping').length).toBeGreaterThan(0);
    const [b] = harness.join('b');
    expect([a.asked, b.asked]).toEqual([['0+8'], ['4+4']]);
    b.answer();
    harness.next();
    harness.fleet.open(1);
    expect([a.leases.length, b.asked]).toEqual([1, ['4+4', '0+8']]);
    pong(a);
    harness.next();
    harness.fleet.open(2);
    expect(a.lease.version).toBe(2);
  });

  it('delays the run once, not again in the step that was leased ahead', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const first = harness.fleet.open(0);
    harness.fleet.prepare(1);
    expect([a.asked, b.asked]).toEqual([
      ['0+4', '0+4'],
      ['4+4', '4+4'],
    ]);
    // Answers to the lease that was asked for first, as workers do.
    b.answer(b.leases[0]);
    harness.pass(termOf(first, 'a') + 200, () => pong(b));
    b.answer();
    harness.next();
    const step = harness.fleet.open(1);
    b.answer(b.leases[1]);
    // Without waiting for another deadline.
    expect(b.lease).toMatchObject({ version: 1, first: 0, count: 4 });
    b.answer();
    expect(await sumOf(step)).toEqual(stepSum(1));
  });

  it('ends the connection when it is hopeless, however often the worker answers pings', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    harness.pass(60_000, () => pong(a));
    expect(a.refusedWith).toBeUndefined();
    harness.pass(200, () => pong(a));
    expect([a.refusedWith, a.socket.terminated]).toEqual(['silent', true]);
  });

  it('three times running brings a quarantine, unless nobody else is there', () => {
    const harness = new FleetHarness();
    // Slow enough for a missed term not to change the shares much.
    const [a, b] = ['a', 'b'].map((name) => {
      const worker = harness.connect(name);
      worker.hello();
      worker.ready(1000);
      return worker;
    });
    for (let version = 0; version < 3; version++) {
      const step = harness.fleet.open(version);
      harness.pass(4000, () => pong(b));
      b.answer();
      harness.pass(termOf(step, 'a') - 3900, () => pong(b));
      harness.pass(1000 * b.lease.count, () => pong(b));
      b.answer();
      pong(a);
      harness.next();
      a.applied(version + 1);
      b.applied(version + 1);
    }
    expect(harness.count('quarantined a expired 5000')).toBe(1);
    expect(harness.fleet.workers.map(({ name, state, quarantine }) => [name, state, quarantine])).toEqual([
      ['a', 'quarantined', 'expired'],
      ['b', 'idle', null],
    ]);
    harness.fleet.open(3);
    expect([a.leases.length, b.lease.count]).toEqual([3, 8]);
    b.socket.hangUp();
    expect(a.lease).toMatchObject({ version: 3, count: 8 });
  });
});

describe('this process standing still', () => {
  it('extends every deadline and counts as a strike for nobody', () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const term = termOf(harness.fleet.open(0), 'a');
    b.answer();
    const fresh = harness.connect('c');
    harness.clock += 100_000;
    harness.fleet.tick();
    expect(harness.told.filter((told) => /stalled|expired|refused/.test(told))).toEqual(['stalled 99900']);
    expect([a.refusedWith, b.refusedWith, fresh.refusedWith, b.asked]).toEqual([
      undefined,
      undefined,
      undefined,
      ['4+4'],
    ]);
    harness.pass(term);
    expect(harness.count('expired a')).toBe(1);
  });

  it('for a moment is nothing', () => {
    const harness = new FleetHarness();
    harness.clock += 350;
    harness.fleet.tick();
    expect(harness.told).toEqual([]);
    harness.clock += 351;
    harness.fleet.tick();
    expect(harness.told).toEqual(['stalled 251']);
  });
});

describe('heartbeats', () => {
  it('are pings every five seconds, to those that said hello', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    const mute = harness.connect('b');
    harness.pass(9900);
    expect([a.of('ping').length, mute.of('ping').length]).toEqual([1, 0]);
    harness.pass(200);
    const ids = a.of('ping').map(({ message }) => message.id);
    expect([ids.length, new Set(ids).size]).toEqual([2, 2]);
  });

  it('are answered', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    a.says({ type: 'ping', incarnation: 3, id: 41 });
    expect(a.of('pong').map(({ message }) => message.id)).toEqual([41]);
  });

  it('keep a worker; without them it is given up after thirty seconds and its leaves are free', () => {
    const harness = new FleetHarness();
    const [silent, alive] = harness.join('silent', 'alive');
    harness.pass(30_000, () => pong(alive));
    expect(silent.refusedWith).toBeUndefined();
    harness.fleet.open(0);
    expect(alive.asked).toEqual(['4+4']);
    alive.answer();
    harness.pass(100, () => pong(alive));
    expect([silent.refusedWith, silent.socket.terminated, alive.refusedWith]).toEqual(['silent', true, undefined]);
    expect(alive.asked).toEqual(['4+4', '0+4']);
  });
});

describe('a connection that makes others wait', () => {
  it('is refused without a hello within ten seconds', () => {
    const harness = new FleetHarness();
    const mute = harness.connect('mute');
    harness.pass(10_000);
    expect(mute.refusedWith).toBeUndefined();
    harness.pass(100);
    expect(mute.refusedWith).toBe('hello-late');
  });

  it('may build its engine for ten minutes while it answers pings', () => {
    const harness = new FleetHarness();
    const slow = harness.connect('slow');
    slow.hello();
    harness.pass(600_000, () => pong(slow));
    expect(slow.refusedWith).toBeUndefined();
    harness.pass(100, () => pong(slow));
    expect(slow.refusedWith).toBe('silent');
  });

  it('is refused if its link takes nothing of what waits', () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    a.socket.stuck = true;
    harness.fleet.open(0);
    harness.pass(9_900, () => [a, b].forEach(pong));
    expect(a.refusedWith).toBeUndefined();
    harness.pass(300, () => [a, b].forEach(pong));
    expect([a.refusedWith, a.socket.terminated, b.refusedWith]).toEqual(['too-slow', true, undefined]);
  });

  it('is kept if it is slow but fast enough', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    a.socket.stuck = true;
    void harness.fleet.broadcast(0, new Uint8Array(40_000_000), null);
    harness.pass(100_000, () => {
      pong(a);
      a.socket.bufferedAmount -= 3_300;
    });
    expect(a.refusedWith).toBeUndefined();
    harness.pass(50_000, () => {
      pong(a);
      a.socket.bufferedAmount -= 2_000;
    });
    expect(a.refusedWith).toBe('too-slow');
  });

  it('is kept through a message that takes it minutes, without a word from it meanwhile', () => {
    const harness = new FleetHarness();
    let [taken, read] = [0, 0];
    const slow = harness.connect('slow', {}, { bytesTaken: () => taken, bytesRead: () => read });
    slow.hello();
    slow.ready();
    slow.socket.stuck = true;
    void harness.fleet.broadcast(0, new Uint8Array(40_000_000), null);
    // The message is one: what the socket says is waiting does not change until all of it is taken.
    harness.pass(120_000, () => (taken += 6_000));
    expect(slow.refusedWith).toBeUndefined();
    Object.assign(slow.socket, { bufferedAmount: 0, stuck: false });
    // And the other way: a result arrives for minutes.
    harness.pass(120_000, () => (read += 6_000));
    expect(slow.refusedWith).toBeUndefined();
    harness.pass(30_200);
    expect(['silent', 'too-slow']).toContain(slow.refusedWith);
  });

  it('is kept where a buffer of megabytes hides what a link of 64 kB/s moves', () => {
    const harness = new FleetHarness();
    let [buffered, taken, left] = [0, 0, 40_000_000];
    const slow = harness.connect('slow', {}, { bytesTaken: () => taken });
    slow.hello();
    slow.ready();
    slow.socket.stuck = true;
    void harness.fleet.broadcast(0, new Uint8Array(left), null);
    const full = 4_000_000;
    harness.pass(500_000, () => {
      buffered = Math.max(0, buffered - 6_100);
      // As Linux does it: more is taken when a third of the buffer is free.
      if (buffered > (2 / 3) * full) return;
      const more = Math.min(left, full - buffered);
      [buffered, taken, left] = [buffered + more, taken + more, left - more];
      pong(slow);
    });
    expect(slow.refusedWith).toBeUndefined();
  });
});
