import { describe, expect, it } from 'vitest';
import type { WorkerView } from '../events.ts';
import { Watch } from './watch.ts';

const WORKER: WorkerView = {
  name: 'remote',
  backend: 'wasm',
  address: '127.0.0.1',
  metricsPort: null,
  isLocal: false,
  state: 'joining',
  quarantine: null,
};

function harness(waitWorkersSeconds: number, minWorkers = 1, isLoopback = true) {
  const localWorkers = new AbortController();
  const state = { now: 0, active: 0, stops: 0, notices: [] as string[], joined: 0 };
  const fleet = {
    get active() {
      return state.active;
    },
    get workers() {
      return Array.from({ length: state.joined }, (): WorkerView => WORKER);
    },
    stop: () => (state.stops += 1),
  };
  const watch = new Watch({
    fleet,
    telemetry: { notice: (sentence: string) => void state.notices.push(sentence) },
    minWorkers,
    waitWorkersSeconds,
    isLoopback,
    localWorkersEnded: localWorkers.signal,
    now: () => state.now,
  });
  const at = (seconds: number, active = 0) => {
    Object.assign(state, { now: seconds * 1000, active });
    watch.tick();
  };
  return { state, watch, at, endLocalWorkers: () => localWorkers.abort() };
}

describe('a run without workers', () => {
  it('is told of once, after a moment', () => {
    const { state, at } = harness(600);
    at(4.9);
    expect(state.notices).toEqual([]);
    for (const seconds of [5, 6, 100]) at(seconds);
    expect(state.notices).toEqual(['no worker is connected; waiting for 600 s']);
  });

  it('is stopped once when the time is over', () => {
    const { state, watch, at } = harness(60);
    at(59.9);
    expect([watch.gaveUp, state.stops]).toEqual([false, 0]);
    for (const seconds of [60, 61, 200]) at(seconds);
    expect([watch.gaveUp, state.stops]).toEqual([true, 1]);
    expect(state.notices.at(-1)).toContain('no worker is connected after 60 s');
  });

  it('counts from the moment the last worker went, and tells again', () => {
    const { state, watch, at } = harness(60);
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
    const { state, watch, at } = harness(60, 2);
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
    const { state, watch, at } = harness(0);
    at(5);
    at(1e9);
    expect([watch.gaveUp, state.stops, state.notices]).toEqual([
      false,
      0,
      ['no worker is connected; waiting until one comes'],
    ]);
  });

  it('may give up before it says that it waits', () => {
    const { watch, at } = harness(1);
    at(1);
    expect(watch.gaveUp).toBe(true);
  });
});

describe('a run whose local workers have ended', () => {
  it('ends within seconds where nobody else reaches the port', () => {
    const { state, watch, at, endLocalWorkers } = harness(600);
    at(100);
    expect(watch.gaveUp).toBe(false);
    endLocalWorkers();
    for (const seconds of [100.1, 102, 103.1, 104]) at(seconds);
    expect([watch.gaveUp, watch.isAlone, state.stops]).toEqual([true, true, 1]);
    expect(state.notices.at(-1)).toContain('every local worker has ended and no other is connected');
  });

  it('goes on with a worker of somebody else, and ends when that one goes for good', () => {
    const { state, watch, at, endLocalWorkers } = harness(600);
    endLocalWorkers();
    state.joined = 1;
    for (const seconds of [1, 10, 100]) at(seconds, 1);
    state.joined = 0;
    at(101);
    state.joined = 1;
    at(103, 1);
    state.joined = 0;
    at(104);
    at(106.9);
    expect(watch.gaveUp).toBe(false);
    at(107);
    expect(watch.isAlone).toBe(true);
  });

  it('waits as ever on a port that others reach, or for local workers that run', () => {
    for (const open of [true, false]) {
      const { watch, at, endLocalWorkers } = harness(60, 1, !open);
      if (open) endLocalWorkers();
      at(1);
      at(59);
      expect(watch.gaveUp).toBe(false);
      at(60);
      expect([watch.gaveUp, watch.isAlone]).toEqual([true, false]);
    }
  });

  it('is no failure once the run is over', () => {
    const { watch, at, endLocalWorkers } = harness(60);
    watch.end();
    endLocalWorkers();
    at(1);
    at(10);
    expect(watch.gaveUp).toBe(false);
  });
});
