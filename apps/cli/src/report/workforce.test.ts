import type { LoggedEvent } from '@gradcast/watching';
import { describe, expect, it } from 'vitest';
import { COLUMNS, Columns } from './columns.ts';
import { Workforce } from './workforce.ts';

const joined = (name: string): LoggedEvent => ({
  type: 'joined',
  seq: 1,
  time: 0,
  name,
  backend: 'wasm',
  device: 'cpu',
});
const result = (worker: string, size: number, ms: number, outcome = 'accepted') => ({ worker, size, ms, outcome });
const sum = (values: Float64Array) => values.reduce((all, each) => all + each, 0);

describe('columns', () => {
  it('share seconds out, whole and in part, and nothing beyond the ends', () => {
    const columns = new Columns(COLUMNS);
    const sums = new Float64Array(COLUMNS);
    columns.add(sums, 1.5, 4.25);
    expect([...sums.slice(0, 6)]).toEqual([0, 0.5, 1, 1, 0.25, 0]);
    columns.add(sums, COLUMNS - 0.5, COLUMNS + 7);
    expect(sums[COLUMNS - 1]).toBe(0.5);
    columns.add(sums, 9, 9);
    new Columns(0).add(sums, 0, 1);
    expect(sum(sums)).toBe(2.75 + 0.5);
  });
});

describe('a workforce', () => {
  it('has for each worker when it was there and when it computed', () => {
    const force = new Workforce(new Columns(COLUMNS));
    force.joined(joined('a'), 10);
    force.joined(joined('b'), 20);
    // A step that waited for 6 s of its 10 s: leases went out 4 s before its end.
    force.worked([result('a', 3, 4000), result('a', 1, 1000), result('b', 2, 2000), result('b', 2, 100, 'late')], {
      end: 40,
      seconds: 10,
    });
    force.left('b', 50, true);
    force.allLeft(60);
    const [a, b] = force.busiest(8);
    expect(a).toMatchObject({
      name: 'a',
      leaves: 4,
      unused: 0,
      busySeconds: 4,
      presentSeconds: 50,
      lost: 0,
      backend: 'wasm',
    });
    expect(b).toMatchObject({ name: 'b', leaves: 2, unused: 1, busySeconds: 2, presentSeconds: 30, lost: 1 });
    expect([...a.busy.slice(35, 41)]).toEqual([0, 1, 1, 1, 1, 0]);
    expect([...b.busy.slice(35, 41)]).toEqual([0, 1, 1, 0, 0, 0]);
    expect(sum(b.present)).toBe(30);
  });

  it('keeps so many apart, however many come', () => {
    const force = new Workforce(new Columns(COLUMNS));
    for (let i = 0; i < 5000; i++) {
      force.joined(joined(`w${i}`), 0);
      force.worked([result(`w${i}`, 1, 500)], { end: 1, seconds: 1 });
    }
    const shown = force.busiest(24);
    expect(shown).toHaveLength(25);
    expect(shown[24].leaves).toBe(5000 - 24);
    expect(shown[24].name).toMatch(/^\d+ others$/);
    expect(force.busiest(0)).toHaveLength(1);
  });

  it('tells without a clock how much each did', () => {
    const force = new Workforce(new Columns(0));
    force.worked([result('a', 4, 700)], undefined);
    expect(force.busiest(8)).toMatchObject([{ name: 'a', leaves: 4, busySeconds: 0.7, presentSeconds: 0 }]);
  });
});
