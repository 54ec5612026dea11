import { describe, expect, it } from 'vitest';
import { SpeedHistory } from './speed.ts';

/** Steps of half a second: `a` has two leaves of each, `b` one. */
function steady(seconds: number): SpeedHistory {
  const history = new SpeedHistory();
  for (let i = 0; i <= 2 * seconds; i++) {
    history.add(
      {
        step: i + 1,
        time: 1000 + i / 2,
        by: [
          ['a', 2],
          ['b', 1],
        ],
      },
      10,
    );
  }
  return history;
}

describe('speeds', () => {
  it('are images in a second, by worker', () => {
    const { times, workers } = steady(40).series(1040, 1800, 100);
    expect(times.length).toBeGreaterThan(5);
    expect(workers.map(({ name }) => name)).toEqual(['a', 'b']);
    for (const { name, speeds } of workers)
      for (const speed of speeds) expect(speed).toBeCloseTo(name === 'a' ? 40 : 20);
  });

  it('have at most so many points, of as long as is asked for', () => {
    const { times } = steady(300).series(1300, 120, 20);
    expect(times.length).toBeLessThanOrEqual(20);
    expect(times[0]).toBeGreaterThan(1179);
    expect(times.at(-1)).toBeLessThan(1300);
  });

  it('count a step once, one that is done anew twice, and a pause as none', () => {
    const history = steady(10);
    history.add({ step: 3, time: 1010, by: [['a', 1e6]] }, 10);
    history.add({ step: 3, time: 1010.5, by: [['a', 2]] }, 10);
    history.add({ step: 99, time: 9000, by: [['a', 120]] }, 10);
    const [a] = history.series(9000, 100, 100).workers;
    expect(Math.max(...a.speeds)).toBeCloseTo(10);
  });

  it('are none before the second step', () => {
    const history = new SpeedHistory();
    expect(history.series(5, 100, 10)).toEqual({ times: [], workers: [] });
    history.add({ step: 1, time: 1, by: [['a', 1]] }, 10);
    expect(history.series(5, 100, 10)).toEqual({ times: [], workers: [] });
  });
});
