import type { ChildMessage } from '@gradcast/config';
import { ganTask, tinyPresets } from '@gradcast/gan';
import type { EventLog, MetricsLog } from '@gradcast/run-folder';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Cause, RunStateName } from '../events.ts';
import { FleetHarness, INCARNATION } from '../run/fleet-harness.ts';
import { Telemetry } from './telemetry.ts';
import { LineBudget } from '../network/line-budget.ts';

const model = ganTask(Object.values(tinyPresets)[0]);

function harness() {
  const notices: string[] = [];
  const told: string[] = [];
  const logged: string[] = [];
  const telemetry = new Telemetry({
    task: model,
    logger: pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) }),
    tell: (message: ChildMessage) => {
      if (message.type === 'notice') notices.push(message.sentence);
      else told.push(message.type);
    },
    samplesPerEpoch: 100,
    totalSteps: 1,
    logInterval: 1,
    workerMetricsPort: 0,
    lines: new LineBudget(() => 0),
    now: () => 0,
    wallClock: () => 0,
  });
  return { telemetry, notices, told, logged, fleet: new FleetHarness({ events: telemetry.fleetEvents() }) };
}

describe('what the user reads of a run', () => {
  const state = (from: RunStateName, to: RunStateName, cause: Cause, pausing = false) =>
    ({ type: 'state', from, to, pausing, cause }) as const;
  const operator = (operation: 'pause' | 'resume' | 'stop') => ({ kind: 'operator', operation, by: 'ann' }) as const;

  it('is what its operator does, each once', () => {
    const { telemetry, notices } = harness();
    telemetry.stream.publish(state('running', 'running', operator('pause'), true));
    telemetry.stream.publish(state('running', 'running', operator('resume')));
    telemetry.stream.publish(state('running', 'paused', { kind: 'step-closed' }));
    telemetry.stream.publish(state('paused', 'waiting-for-workers', operator('resume')));
    telemetry.stream.publish(state('waiting-for-workers', 'paused', operator('pause')));
    telemetry.stream.publish(state('paused', 'stopping', operator('stop')));
    telemetry.stream.publish(state('stopping', 'stopping', { kind: 'disk' }));
    telemetry.stream.publish(state('stopping', 'stopped', { kind: 'over' }));
    expect(notices).toEqual([
      'the run pauses when its open step closes (by ann)',
      'the run goes on (by ann)',
      'the run is paused; gradcast resume goes on with it',
      'the run goes on (by ann)',
      'the run is paused; gradcast resume goes on with it (by ann)',
      'the operator stops the run; stopping with a checkpoint (by ann)',
    ]);
  });

  it('is what a judge says of its samples, which gets one line of metrics.jsonl', () => {
    const { telemetry, notices } = harness();
    const lines: Readonly<Record<string, unknown>>[] = [];
    const log = { append: (line: (typeof lines)[number]) => void lines.push(line) } as unknown as MetricsLog;
    const events = { lastSeq: 0, append: () => undefined } as unknown as EventLog;
    telemetry.begin(log, events, 0);
    const distances = { frechet: 45.81, kernelDistance: 3, nearestRatio: 0.9 };
    const shares = { precision: 0.5, recall: 0.25, density: 0.6, coverage: 0.7, entropy: 2, confidence: 0.8 };
    const classes = { shares: [0.25, 0.75], heldOut: { d_x: { training: 0.75, test: 0.5 } } };
    telemetry.evaluated({ step: 3, judge: '0', samples: 10_000, ...distances, ...shares, ...classes });
    telemetry.writeQuality(7);
    telemetry.writeQuality(8);
    expect(notices).toEqual(['samples after step 3: Fréchet distance 45.8, precision 0.50, recall 0.25']);
    const { kernelDistance, nearestRatio, frechet } = distances;
    expect(lines).toEqual([
      {
        ...{ step: 7, time: 0, evaluated_step: 3, evaluated_samples: 10_000, judge: 0, frechet },
        ...{ ...shares, kernel_distance: kernelDistance, nearest_ratio: nearestRatio },
        ...{ train_d_x: 0.75, val_d_x: 0.5, d_x_gap: 0.25, class_shares: [0.25, 0.75] },
      },
    ]);
  });

  it('is that training is in trouble, what to try, and that it is over', () => {
    const { telemetry, notices } = harness();
    const look = (...spreads: number[]) =>
      spreads.forEach((spread, step) => telemetry.sampled({ step, images: step, spread, classes: null }));
    look(0.2, 0.01, 0.01, 0.01, 0.2, 0.2);
    expect(notices).toEqual([
      expect.stringMatching(/^step 2: the generator draws .*; start again with .* \(collapse\)$/),
      'step 5: collapse is over',
    ]);
  });

  it('is that few classes are left in its grids, which differ as before, once it has seen enough', () => {
    const { telemetry, notices } = harness();
    const events: unknown[] = [];
    telemetry.stream.read((event) => event.type === 'sampled' && events.push(event.classes));
    const look = (images: number, entropy: number) =>
      telemetry.sampled({
        ...{ step: images / 1000, images, spread: 0.18 },
        classes: { shares: [], entropy, confidence: 0.9, holding: Math.round(Math.exp(entropy)) },
      });
    for (let i = 1; i <= 15; i++) look(1000 * i, i < 5 ? 2.2 : 0.7);
    for (let i = 21; i <= 40; i++) look(1000 * i, i < 30 ? 2.2 : 0.7);
    expect(notices).toEqual([expect.stringMatching(/^step 32: the generator draws ever fewer .*\(collapse\)$/)]);
    expect(events).toHaveLength(35);
    expect(events.at(-1)).toMatchObject({ entropy: 0.7, holding: 2 });
  });

  it.each(['stopping', 'draining'] as const)('has ended when it is %s, as its command learns', (to) => {
    const { telemetry, told } = harness();
    telemetry.stream.publish(state('running', to, { kind: 'end' }));
    expect(told).toEqual(['ending']);
  });
});

describe('what the user reads of volunteers', () => {
  it('is that they come and go, as such, but no more than somebody reads', () => {
    const { notices, fleet } = harness();
    const [first] = fleet.joinVolunteers('tab');
    first.socket.hangUp();
    expect(notices).toEqual(['volunteer tab joined (wasm on cpu)', 'volunteer tab left: the connection ended']);
    for (let i = 0; i < 60; i++) fleet.joinVolunteers(`tab-${i}`)[0].socket.hangUp();
    expect(notices.length).toBe(21);
    expect(notices.at(-1)).toBe('more volunteers come and go; the log has more of them');
  });

  it('is that one was wrong, and how much of it is in the model', () => {
    const { telemetry, notices } = harness();
    const found = { type: 'distrusted', worker: 'tab', session: 'session-1', step: 9, start: 0, size: 1 } as const;
    telemetry.stream.publish({ ...found, uses: [] });
    const uses = [
      { step: 7, start: 0, size: 2 },
      { step: 8, start: 1, size: 1 },
    ];
    telemetry.stream.publish({ ...found, uses });
    telemetry.stream.publish({ ...found, uses: uses.slice(1) });
    const wrong = 'the volunteer tab sent a wrong result for step 9; ';
    expect(notices).toEqual([
      `${wrong}nothing of it was used unchecked`,
      `${wrong}since it was right last 3 leaves of it are in the model, unchecked; the ledger names them`,
      `${wrong}since it was right last 1 leaf of it is in the model, unchecked; the ledger names them`,
    ]);
  });
});

describe('what the user reads of workers', () => {
  it('is that they were drained or lost, not that they were sent home', () => {
    const { notices, fleet } = harness();
    const [lost, drained, home] = fleet.join('lost', 'drained', 'home');
    notices.length = 0;
    lost.socket.hangUp();
    fleet.fleet.drain('drained', 'ann');
    drained.says({ type: 'leave', incarnation: INCARNATION, reason: 'whatever' });
    drained.socket.hangUp();
    void fleet.fleet.dismiss('the run is complete', 1000);
    home.socket.hangUp();
    expect(notices).toEqual([
      'worker lost left: the connection ended',
      'worker drained is drained: it finishes what it has and goes (by ann)',
      'worker drained left: drained by the operator',
    ]);
  });

  it('of a flood of refusals is a bounded log', () => {
    const { logged, fleet } = harness();
    for (let time = 0; time < 200; time++) {
      const worker = fleet.connect(`ada-${time}`);
      worker.bytes(new Uint8Array(2));
      worker.socket.hangUp();
    }
    expect(logged).toHaveLength(60);
  });

  it('is one line for a refusal that repeats itself; the log has each', () => {
    const { notices, logged, fleet } = harness();
    for (let time = 0; time < 12; time++) {
      const worker = fleet.connect('ada');
      worker.hello();
      worker.hello();
      worker.socket.emit('close');
    }
    expect(notices).toEqual(['worker ada was refused (message-unexpected): a second hello came']);
    expect(logged).toHaveLength(12);
  });

  it('has little of a peer’s own words', () => {
    const { notices, fleet } = harness();
    const [worker] = fleet.join('ada');
    worker.says({ type: 'refuse', code: 'compute-failed', sentence: 'x'.repeat(1000), retry: 'never' });
    const [other] = fleet.join('bob');
    other.says({ type: 'leave', incarnation: INCARNATION, reason: 'y'.repeat(1000) });
    other.socket.hangUp();
    const said = notices.filter((sentence) => !sentence.includes('joined'));
    expect(said).toHaveLength(2);
    for (const sentence of said) expect(sentence.length).toBeLessThan(300);
  });
});
