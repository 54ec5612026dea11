/** How long a lost or stopped worker may hold a run up: the budgets of docs/reliability.md, by a clock moved by hand. */
import { describe, expect, it } from 'vitest';
import { FleetHarness } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';
import { TICK_MS } from '../run/fleet.ts';

/** How long every lease takes to compute, in milliseconds. */
const LEASE_MS = [100, 500, 2000, 10_000];
/** Steps that go well before something happens: enough for every measured time to be the same. */
const QUIET_STEPS = 20;

const pong = (worker: FakeWorker) => worker.says({ type: 'pong', incarnation: 3, id: 1 });

/** Two workers that have gone through some steps, each lease in `leaseMs`; the next step is open, nothing answered. */
function inTheMiddle(leaseMs: number): { harness: FleetHarness; a: FakeWorker; b: FakeWorker } {
  const harness = new FleetHarness();
  const [a, b] = harness.join('a', 'b');
  for (let version = 0; version < QUIET_STEPS; version++) {
    harness.fleet.open(version);
    harness.pass(leaseMs, () => [a, b].forEach(pong));
    for (const worker of [a, b]) worker.answer();
    harness.next();
    for (const worker of [a, b]) worker.applied(version + 1);
  }
  return { harness, a, b };
}

/** Milliseconds until the open step is closed by `alive`, which computes each lease in `leaseMs`. */
function timeToClose(harness: FleetHarness, alive: FakeWorker, leaseMs: number): number {
  const step = harness.fleet.open(QUIET_STEPS);
  const began = harness.clock;
  let [known, due] = [alive.leases.length, harness.clock + leaseMs];
  while (!step.isClosed && harness.clock - began < 100 * leaseMs) {
    harness.pass(TICK_MS, () => pong(alive));
    if (harness.clock >= due) {
      alive.answer();
      due = Infinity;
    }
    if (alive.leases.length > known) [known, due] = [alive.leases.length, harness.clock + leaseMs];
  }
  return harness.clock - began;
}

describe.each(LEASE_MS)('where a lease takes %d ms', (leaseMs) => {
  it('the leaves of a closed connection are leased without any wait', () => {
    const { harness, a, b } = inTheMiddle(leaseMs);
    harness.fleet.open(QUIET_STEPS);
    b.answer();
    const { length } = b.leases;
    const { first, count } = a.lease;
    a.socket.hangUp();
    expect([b.leases.length, b.lease.first, b.lease.count]).toEqual([length + 1, first, count]);
  });

  it('a stopped worker delays the run by at most three leases and a second', () => {
    const { harness, b } = inTheMiddle(leaseMs);
    const delay = timeToClose(harness, b, leaseMs) - leaseMs;
    expect(delay).toBeGreaterThan(0);
    expect(delay).toBeLessThanOrEqual(3 * leaseMs + 1000);
  });
});

/** Milliseconds of a leaf at the workers of a fleet, one leaf a step each. */
const LEAF_MS = 400;

/** Eight workers that take a leaf each, for some steps. */
function fleetOfEight(): { harness: FleetHarness; fleet: FakeWorker[] } {
  const harness = new FleetHarness();
  const fleet = harness.join(...Array.from({ length: 8 }, (_, i) => `w${i}`));
  return { harness, fleet };
}

/** One step: everybody but the absent answers a lease when it was computed. @returns milliseconds. */
function step(harness: FleetHarness, workers: readonly FakeWorker[], leafMs: (worker: FakeWorker) => number): number {
  const { version } = harness;
  const open = harness.fleet.open(version);
  const began = harness.clock;
  const due = new Map<number, number>();
  while (!open.isClosed && harness.clock - began < 600_000) {
    for (const worker of workers) {
      for (const lease of worker.leases.filter((each) => each.version === version)) {
        const at = due.get(lease.lease) ?? harness.clock + lease.count * leafMs(worker);
        due.set(lease.lease, at);
        if (harness.clock < at) continue;
        due.set(lease.lease, Infinity);
        worker.answer(lease);
      }
      pong(worker);
    }
    harness.pass(TICK_MS);
  }
  harness.next();
  for (const worker of workers) worker.applied(version + 1);
  return harness.clock - began;
}

describe('a worker on trial', () => {
  it.each([
    ['says that its probe took for ever', 1e15],
    ['was ten times slower than the others', 10 * LEAF_MS],
  ])('that %s and hangs delays no step by more than three leases and a second', (_, probeMs) => {
    const { harness, fleet } = fleetOfEight();
    const usual = (worker: FakeWorker) => (fleet.includes(worker) ? LEAF_MS : Infinity);
    for (let steps = 0; steps < 20; steps++)
      expect(step(harness, fleet, usual)).toBeLessThanOrEqual(LEAF_MS + 2 * TICK_MS);
    const hung = harness.connect('hung');
    hung.hello();
    hung.ready(probeMs);
    hung.applied(harness.version);
    const times = Array.from({ length: 40 }, () => step(harness, [...fleet, hung], usual));
    expect(hung.leases.length).toBeGreaterThan(0);
    expect(Math.max(...times)).toBeGreaterThan(LEAF_MS + 2 * TICK_MS);
    expect(Math.max(...times)).toBeLessThanOrEqual(LEAF_MS + 3 * LEAF_MS + 1000);
    expect(harness.told.filter((told) => /quarantined|refused/.test(told))).toEqual([]);
  });

  it('is not used as the fast worker that it says it is before it has shown so', () => {
    const { harness, fleet } = fleetOfEight();
    for (let steps = 0; steps < 20; steps++) step(harness, fleet, () => LEAF_MS);
    const boaster = harness.connect('boaster');
    boaster.hello();
    boaster.ready(0.001);
    boaster.applied(harness.version);
    harness.fleet.open(harness.version);
    expect(boaster.leases.length).toBeLessThanOrEqual(1);
  });

  it('that is alone is waited for, and its late answer is used', async () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    const open = harness.fleet.open(0);
    harness.pass(50_000, () => pong(a));
    a.answer();
    expect([open.isClosed, harness.count('accepted a') > 0]).toEqual([true, true]);
    expect((await open.closed).kind).toBe('sum');
  });
});

it('what a worker says of its computing is never longer than what was measured', () => {
  const harness = new FleetHarness();
  const [a] = harness.join('a');
  harness.fleet.open(0);
  harness.pass(200);
  a.result({ start: 0, size: 8 }, { change: { computeMs: 1e15, queueMs: 1e15 } });
  expect(harness.told.filter((told) => told.startsWith('time'))).toEqual(['time a 200 200']);
});
