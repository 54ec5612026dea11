import { describe, expect, it } from 'vitest';
import type { WorkerView } from '../events.ts';
import { RunControl } from './control.ts';
import { Watch } from './watch.ts';

const WORKER: WorkerView = {
  name: 'remote',
  backend: 'wasm',
  device: 'cpu',
  address: '127.0.0.1',
  metricsPort: null,
  role: 'worker',
  isLocal: false,
  state: 'joining',
  quarantine: null,
};

function harness(waitWorkersSeconds: number, minWorkers = 1, isLoopback = true) {
  const localWorkers = new AbortController();
  const state = { now: 0, active: 0, stops: 0, notices: [] as string[], joined: 0, volunteers: 0 };
  const fleet = {
    get active() {
      return state.active;
    },
    get workers() {
      const volunteers = Array.from({ length: state.volunteers }, (): WorkerView => ({ ...WORKER, role: 'volunteer' }));
      return [...Array.from({ length: state.joined }, (): WorkerView => WORKER), ...volunteers];
    },
  };
  const control = new RunControl();
  control.apply({ kind: 'ready' });
  control.onChange(({ name }) => (state.stops += Number(name === 'stopping')));
  const watch = new Watch({
    fleet,
    control,
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
  /** What run control made of it. */
  const ended = {
    get gaveUp() {
      return control.isEnding;
    },
    get isAlone() {
      return control.state.ending?.kind === 'alone';
    },
  };
  return { state, control, ended, at, endLocalWorkers: () => localWorkers.abort() };
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
    const { state, ended, at } = harness(60);
    at(59.9);
    expect([ended.gaveUp, state.stops]).toEqual([false, 0]);
    for (const seconds of [60, 61, 200]) at(seconds);
    expect([ended.gaveUp, state.stops]).toEqual([true, 1]);
    expect(state.notices.at(-1)).toContain('no worker is connected after 60 s');
  });

  it('counts from the moment the last worker went, and tells again', () => {
    const { state, ended, at } = harness(60);
    at(50);
    at(59, 1);
    at(100, 1);
    at(159.9);
    expect(ended.gaveUp).toBe(false);
    expect(state.notices).toHaveLength(2);
    at(160);
    expect(ended.gaveUp).toBe(true);
  });

  it('counts as short of workers below the least number, and says so', () => {
    const { state, ended, at } = harness(60, 2);
    at(5, 1);
    expect(state.notices).toEqual(['only 1 of at least 2 workers are connected; waiting for 60 s']);
    at(10, 2);
    at(69, 1);
    expect(ended.gaveUp).toBe(false);
    at(70, 1);
    expect(ended.gaveUp).toBe(true);
  });

  it('waits for ever with 0', () => {
    const { state, ended, at } = harness(0);
    at(5);
    at(1e9);
    expect([ended.gaveUp, state.stops, state.notices]).toEqual([
      false,
      0,
      ['no worker is connected; waiting until one comes'],
    ]);
  });

  it('may give up before it says that it waits', () => {
    const { ended, at } = harness(1);
    at(1);
    expect(ended.gaveUp).toBe(true);
  });
});

describe('a run whose local workers have ended', () => {
  it('ends within seconds where nobody else reaches the port', () => {
    const { state, ended, at, endLocalWorkers } = harness(600);
    at(100);
    expect(ended.gaveUp).toBe(false);
    endLocalWorkers();
    for (const seconds of [100.1, 102, 103.1, 104]) at(seconds);
    expect([ended.gaveUp, ended.isAlone, state.stops]).toEqual([true, true, 1]);
    expect(state.notices.at(-1)).toContain('every local worker has ended and no other is connected');
  });

  it('goes on with a worker of somebody else, and ends when that one goes for good', () => {
    const { state, ended, at, endLocalWorkers } = harness(600);
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
    expect(ended.gaveUp).toBe(false);
    at(107);
    expect(ended.isAlone).toBe(true);
  });

  it('is not kept going by volunteers alone', () => {
    const { state, ended, at, endLocalWorkers } = harness(600);
    endLocalWorkers();
    Object.assign(state, { joined: 1, volunteers: 3 });
    for (const seconds of [1, 10]) at(seconds, 1);
    expect(ended.gaveUp).toBe(false);
    state.joined = 0;
    for (const seconds of [11, 14.1]) at(seconds);
    expect(ended.isAlone).toBe(true);
  });

  it('waits as ever on a port that others reach, or for local workers that run', () => {
    for (const open of [true, false]) {
      const { ended, at, endLocalWorkers } = harness(60, 1, !open);
      if (open) endLocalWorkers();
      at(1);
      at(59);
      expect(ended.gaveUp).toBe(false);
      at(60);
      expect([ended.gaveUp, ended.isAlone]).toEqual([true, false]);
    }
  });

  it('is no failure once the run is over', () => {
    const { control, ended, at, endLocalWorkers } = harness(60);
    control.apply({ kind: 'end' });
    endLocalWorkers();
    at(1);
    at(10);
    expect([control.state.name, ended.isAlone]).toEqual(['draining', false]);
  });
});

describe('run control', () => {
  it('is told when there are enough workers and when not', () => {
    const { control, at } = harness(600, 2);
    const states = [1, 2, 2, 1, 3].map((active, i) => {
      at(i, active);
      return control.state.name;
    });
    expect(states).toEqual(['waiting-for-workers', 'running', 'running', 'waiting-for-workers', 'running']);
  });

  it.each([false, true])('keeps the clocks still while the run is paused (alone: %s)', (alone) => {
    const { control, ended, at, endLocalWorkers } = harness(60, 1, alone);
    if (alone) endLocalWorkers();
    at(2);
    control.apply({ kind: 'operator', operation: 'pause', by: 'ann' });
    for (let seconds = 3; seconds < 500; seconds++) at(seconds);
    expect(control.state.name).toBe('paused');
    control.apply({ kind: 'operator', operation: 'resume', by: 'ann' });
    at(500);
    expect(ended.gaveUp).toBe(false);
    // Three seconds alone, or sixty without workers, of which some had passed before the pause.
    at(alone ? 503 : 558);
    expect([ended.gaveUp, ended.isAlone]).toEqual([true, alone]);
  });
});
