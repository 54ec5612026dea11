import { describe, expect, it } from 'vitest';
import { FleetHarness, INCARNATION, stepSum, sumOf } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';

const pong = (worker: FakeWorker) => worker.says({ type: 'pong', incarnation: INCARNATION, id: 1 });

describe('a paused run', () => {
  it('asks nobody for anything until it goes on, joiners included, and has the same bits', async () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    a.answer();
    harness.next();
    a.applied(1);
    harness.fleet.hold();
    const step = harness.fleet.open(1);
    const [b] = harness.join('b');
    harness.pass(60_000, () => [a, b].forEach((worker) => pong(worker)));
    expect([a.asked, b.asked]).toEqual([['0+8'], []]);
    harness.fleet.release();
    expect([a.asked.length, b.asked.length]).toEqual([2, 1]);
    for (const worker of [a, b]) worker.answer();
    expect(await sumOf(step)).toEqual(stepSum(1));
  });

  it('takes back what was leased ahead; its results are late, are no strike, and are asked for anew', async () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    harness.fleet.prepare(1);
    const [first, ahead] = a.leases;
    a.answer(first);
    harness.fleet.hold();
    harness.next();
    a.applied(1);
    a.answer(ahead);
    expect(harness.told).toContain('late a');
    harness.fleet.release();
    const step = harness.fleet.open(1);
    expect(a.leases).toHaveLength(3);
    a.answer();
    expect(await sumOf(step)).toEqual(stepSum(1));
    expect(harness.told.filter((words) => /quarantined|refused/.test(words))).toEqual([]);
  });

  it('takes what is still under way of the open step, which may close meanwhile', async () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    const step = harness.fleet.open(0);
    harness.fleet.hold();
    a.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('tells whose leaves are asked of others, and why', () => {
    const told: string[] = [];
    const harness = new FleetHarness();
    harness.events.happened = (event) => {
      if (event.type !== 'leased-again') return;
      told.push(`${event.worker} ${event.step}: ${event.first}+${event.count} ${event.why}`);
    };
    const [a] = harness.join('a');
    harness.fleet.open(0);
    harness.pass(120_000, () => pong(a));
    expect(told[0]).toBe('a 0: 0+8 expired');
  });
});
