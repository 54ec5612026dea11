import { NO_TIME, PHASES } from '@gradcast/config';
import type { WorkerSeconds } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import { MOST_NAMED, PhaseTotals } from './phase-totals.ts';
import type { StepAccount, WorkerMs } from './step-accounts.ts';

function account(compute: number, workers: readonly Partial<WorkerMs>[] = []): StepAccount {
  const filled = workers.map((each) => ({ worker: 'a', leaves: 1, compute: 0, network: 0, overdue: 0, ...each }));
  return { totalMs: compute + 500, phases: { ...NO_TIME, compute, idle: 500 }, workers: filled };
}

function sumOf({ compute, network, overdue, waiting }: WorkerSeconds): number {
  return compute + network + overdue + waiting;
}

describe('phases of a run', () => {
  it('are those since the line before, in seconds, under the names of metrics.jsonl', () => {
    const totals = new PhaseTotals();
    totals.closed(account(1000));
    totals.closed(account(500));
    const line = totals.takeLine();
    expect(Object.keys(line)).toEqual(PHASES.map((name) => `phase_${name}_seconds`));
    expect(line).toMatchObject({ phase_compute_seconds: 1.5, phase_idle_seconds: 1, phase_network_seconds: 0 });
    expect(totals.takeLine()).toMatchObject({ phase_compute_seconds: 0 });
    totals.closed(account(2000));
    expect(totals.takeLine()).toMatchObject({ phase_compute_seconds: 2 });
  });

  it('are none before a step has closed', () => {
    expect(new PhaseTotals().summary).toBeNull();
  });

  it('have for each worker what adds up to the steps that it was there for', () => {
    const totals = new PhaseTotals();
    totals.joined('early');
    totals.closed(account(500, [{ worker: 'early', compute: 600, network: 100 }]));
    totals.joined('late');
    totals.joined('early');
    totals.closed(
      account(1500, [
        { worker: 'early', compute: 1600, overdue: 200 },
        { worker: 'stranger', compute: 5 },
      ]),
    );
    totals.left('early');
    totals.left('never seen');
    totals.closed(account(500, [{ worker: 'late', network: 900, leaves: 4 }]));
    const { steps, seconds, total, workers, rest } = totals.summary!;
    expect([steps, seconds, rest]).toEqual([3, 4, null]);
    expect(total).toEqual({ ...NO_TIME, compute: 2.5, idle: 1.5 });
    expect(workers).toEqual([
      { worker: 'early', leaves: 2, compute: 2.2, network: 0.1, overdue: 0.2, waiting: 0.5 },
      { worker: 'late', leaves: 4, compute: 0, network: 0.9, overdue: 0, waiting: 2.1 },
      { worker: 'stranger', leaves: 1, compute: 0.005, network: 0, overdue: 0, waiting: 1.995 },
    ]);
  });

  it('name the busiest workers alone, and have the others together', () => {
    const totals = new PhaseTotals();
    const names = Array.from({ length: 100 }, (_, i) => `w${i}`);
    for (const name of names) totals.joined(name);
    totals.closed(
      account(
        500,
        names.map((worker, i) => ({ worker, compute: i })),
      ),
    );
    const { workers, rest } = totals.summary!;
    expect([workers.length, workers[0].worker, workers.at(-1)!.worker]).toEqual([MOST_NAMED, 'w99', 'w36']);
    expect(rest).toMatchObject({ workers: 36, leaves: 36 });
    expect(sumOf(rest!)).toBeCloseTo(36, 6);
  });

  it('lose no time of workers whose names are too many to be told apart', () => {
    const totals = new PhaseTotals();
    for (let i = 0; i < 10_000; i++) {
      totals.joined(`w${i}`);
      totals.closed(account(500, [{ worker: `w${i}`, compute: 100 }]));
      totals.left(`w${i}`);
    }
    const { workers, rest } = totals.summary!;
    expect(workers.length + rest!.workers).toBe(10_000);
    expect(rest!.leaves + MOST_NAMED).toBe(10_000);
    expect([...workers, rest!].reduce((sum, each) => sum + sumOf(each), 0)).toBeCloseTo(10_000, 3);
  });
});
