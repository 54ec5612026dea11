/** A run as a coordinator tells it, for tests. */
import type { ViewEvent, ViewNow, ViewSnapshot, ViewWorker } from '@gradcast/protocol';

export function worker(name: string, changes: Partial<ViewWorker> = {}): ViewWorker {
  const here = { role: 'worker', backend: 'wasm', device: 'cpu', state: 'leased', why: null };
  return { name, ...here, share: 0.5, imagesPerSecond: 100, ...changes };
}

export function nowOf(changes: Partial<ViewNow> = {}): ViewNow {
  return {
    time: 1000,
    state: 'running',
    pausing: false,
    step: 10,
    steps: 100,
    imagesPerSecond: 200,
    etaSeconds: 90,
    workers: [worker('a'), worker('b')],
    more: 0,
    phases: null,
    open: null,
    closed: [],
    lines: [],
    ...changes,
  };
}

export function event(seq: number, type: string, changes: Readonly<Record<string, unknown>> = {}): ViewEvent {
  return { seq, type, time: 900 + seq, sentence: `${type} ${seq}`, ...changes };
}

export function snapshotOf(changes: Partial<ViewSnapshot> = {}): ViewSnapshot {
  return {
    you: { name: null, steering: 'off' },
    version: '1',
    run: { id: 'r', folder: 'runs/r', preset: 'mnist', config: { evaluateEvery: 0 }, microBatch: 32, minWorkers: 1 },
    seq: 3,
    now: nowOf(),
    events: [],
    curves: {},
    grids: [],
    files: [],
    ...changes,
  };
}
