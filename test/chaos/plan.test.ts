import { describe, expect, it } from 'vitest';
import { turns, WEIGHTS } from './plan.ts';
import type { Kind, Turn } from './plan.ts';
import { tableOf } from './table.ts';

function first(seed: number, count: number): Turn[] {
  const plan = turns(seed);
  return Array.from({ length: count }, () => plan.next().value);
}

describe('a plan of chaos', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(first(7, 50)).toEqual(first(7, 50));
    expect(first(7, 50)).not.toEqual(first(8, 50));
  });

  it('waits five seconds on average and has every kind as often as its weight says', () => {
    const plan = first(1, 20_000);
    const meanMs = plan.reduce((sum, { waitMs }) => sum + waitMs, 0) / plan.length;
    expect(meanMs / 5000).toBeCloseTo(1, 1);
    const whole = Object.values(WEIGHTS).reduce((sum: number, weight) => sum + weight, 0);
    for (const [kind, weight] of Object.entries(WEIGHTS) as [Kind, number][]) {
      const share = plan.filter((turn) => turn.kind === kind).length / plan.length;
      expect(share, kind).toBeCloseTo(weight / whole, 1);
    }
    expect(plan.every(({ pick, lastsMs }) => pick >= 0 && pick < 1 && lastsMs >= 300 && lastsMs <= 5000)).toBe(true);
  });
});

describe('the table of chaos', () => {
  it('has a row for every kind, with what was felt of it', () => {
    const table = tableOf(
      [
        { kind: 'coordinator stopped', party: 'coordinator', at: 100 },
        { kind: 'worker killed', party: 'b', at: 900 },
        { kind: 'worker killed', party: 'b', at: 9000 },
      ],
      [
        { kind: 'average', worker: 'a', step: 3, at: 90 },
        { kind: 'average', worker: 'a', step: 4, at: 350 },
        { kind: 'leased', worker: 'b', step: 5, first: 0, count: 2, at: 400 },
        { kind: 'leased', worker: 'a', step: 5, first: 0, count: 2, at: 1000 },
        { kind: 'average', worker: 'a', step: 5, at: 1400 },
      ],
    );
    expect(table).toContain('| worker killed | 2 | 1 | 0.10 s, 0.10 s | 0.50 s, 0.50 s |');
    expect(table).toContain('| coordinator stopped | 1 | 1 | – | 0.25 s, 0.25 s |');
    expect(table.split('\n')).toHaveLength(2 + Object.keys(WEIGHTS).length);
  });
});
