/** How long a lost or stopped worker may hold a run up: the budgets of docs/reliability.md, by a clock moved by hand. */
import { describe, expect, it } from 'vitest';
import { FleetBench } from './fleet-bench.ts';
import type { FakeWorker } from './fleet-bench.ts';
import { TICK_MS } from './fleet.ts';

/** How long every lease takes to compute, in milliseconds. */
const LEASE_MS = [100, 500, 2000, 10_000];
/** Steps that go well before something happens: enough for every measured time to be the same. */
const QUIET_STEPS = 20;

const pong = (worker: FakeWorker) => worker.says({ type: 'pong', incarnation: 3, id: 1 });

/** Two workers that have gone through some steps, each lease in `leaseMs`; the next step is open, nothing answered. */
function inTheMiddle(leaseMs: number): { bench: FleetBench; a: FakeWorker; b: FakeWorker } {
  const bench = new FleetBench();
  const [a, b] = bench.join('a', 'b');
  for (let version = 0; version < QUIET_STEPS; version++) {
    bench.fleet.open(version);
    bench.pass(leaseMs, () => [a, b].forEach(pong));
    for (const worker of [a, b]) worker.answer();
    bench.next();
    for (const worker of [a, b]) worker.applied(version + 1);
  }
  return { bench, a, b };
}

/** Milliseconds until the open step is closed by `alive`, which computes each lease in `leaseMs`. */
function timeToClose(bench: FleetBench, alive: FakeWorker, leaseMs: number): number {
  const step = bench.fleet.open(QUIET_STEPS);
  const began = bench.clock;
  let [known, due] = [alive.leases.length, bench.clock + leaseMs];
  while (!step.isClosed && bench.clock - began < 100 * leaseMs) {
    bench.pass(TICK_MS, () => pong(alive));
    if (bench.clock >= due) {
      alive.answer();
      due = Infinity;
    }
    if (alive.leases.length > known) [known, due] = [alive.leases.length, bench.clock + leaseMs];
  }
  return bench.clock - began;
}

describe.each(LEASE_MS)('where a lease takes %d ms', (leaseMs) => {
  it('the leaves of a closed connection are leased without any wait', () => {
    const { bench, a, b } = inTheMiddle(leaseMs);
    bench.fleet.open(QUIET_STEPS);
    b.answer();
    const { length } = b.leases;
    a.socket.hangUp();
    expect([b.leases.length, b.lease.first, b.lease.count]).toEqual([length + 1, 0, 4]);
  });

  it('a stopped worker delays the run by at most three leases and a second', () => {
    const { bench, b } = inTheMiddle(leaseMs);
    const delay = timeToClose(bench, b, leaseMs) - leaseMs;
    expect(delay).toBeGreaterThan(0);
    expect(delay).toBeLessThanOrEqual(3 * leaseMs + 1000);
  });
});
