import { describe, expect, it } from 'vitest';
import { Watch } from './watch.ts';

function bench(waitWorkersSeconds: number, minWorkers = 1) {
  const state = { now: 0, active: 0, stops: 0, notices: [] as string[] };
  const fleet = {
    get active() {
      return state.active;
    },
    stop: () => (state.stops += 1),
  };
  const watch = new Watch({
    fleet,
    telemetry: { notice: (sentence: string) => void state.notices.push(sentence) },
    minWorkers,
    waitWorkersSeconds,
    now: () => state.now,
  });
  const at = (seconds: number, active = 0) => {
    Object.assign(state, { now: seconds * 1000, active });
    watch.tick();
  };
  return { state, watch, at };
}

describe('a run without workers', () => {
  it('is told of once, after a moment', () => {
    const { state, at } = bench(600);
    at(4.9);
    expect(state.notices).toEqual([]);
    for (const seconds of [5, 6, 100]) at(seconds);
    expect(state.notices).toEqual(['no worker is connected; waiting for 600 s']);
  });

  it('is stopped once when the time is over', () => {
    const { state, watch, at } = bench(60);
    at(59.9);
    expect([watch.gaveUp, state.stops]).toEqual([false, 0]);
    for (const seconds of [60, 61, 200]) at(seconds);
    expect([watch.gaveUp, state.stops]).toEqual([true, 1]);
    expect(state.notices.at(-1)).toContain('no worker is connected after 60 s');
  });

  it('counts from the moment the last worker went, and tells again', () => {
    const { state, watch, at } = bench(60);
    at(50);
    at(59, 1);
    at(100, 1);
    at(159.9);
    expect(watch.gaveUp).toBe(false);
    expect(state.notices).toHaveLength(2);
    at(160);
    expect(watch.gaveUp).toBe(true);
  });

  it('counts as short of workers below the least number, and says that it is paused', () => {
    const { state, watch, at } = bench(60, 2);
    at(5, 1);
    expect(state.notices).toEqual([
      'only 1 of at least 2 workers are connected, so the run is paused; waiting for 60 s',
    ]);
    at(10, 2);
    at(69, 1);
    expect(watch.gaveUp).toBe(false);
    at(70, 1);
    expect(watch.gaveUp).toBe(true);
  });

  it('waits for ever with 0', () => {
    const { state, watch, at } = bench(0);
    at(5);
    at(1e9);
    expect([watch.gaveUp, state.stops, state.notices]).toEqual([
      false,
      0,
      ['no worker is connected; waiting until one comes'],
    ]);
  });

  it('may give up before it says that it waits', () => {
    const { watch, at } = bench(1);
    at(1);
    expect(watch.gaveUp).toBe(true);
  });
});
