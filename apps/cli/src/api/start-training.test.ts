import { EXAMPLE } from '@gradcast/definition/example';
import type { ChildMessage, NumberedEvent, ParentMessage, Summary } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import type { Child, ChildExit } from '../child.ts';
import { startTraining, type ProgramWorld } from './start-training.ts';
import type { TrainingEvent } from './training-run.ts';

const LISTENING: ChildMessage = {
  type: 'listening',
  url: 'ws://127.0.0.1:7',
  localUrl: 'ws+unix:/s',
  metricsUrl: 'http://127.0.0.1:8',
  runFolder: 'runs/a',
  resumedFromStep: null,
  totalSteps: 5,
};

const summary: Summary = {
  ...{ status: 'completed', runId: 'a', runFolder: 'runs/a', steps: 5, targetSteps: 5, images: 640, seconds: 1 },
  ...{ imagesPerSecond: 640, parametersSha256: 'ab', stateSha256: 'cd', ...EXAMPLE, globalBatch: 128 },
  software: { gradcast: '1.2.3', node: '22.0.0' },
  ...{ workers: 1, backend: 'wasm', exact: false, samples: null, scores: null, quality: null, stoppedEarly: null },
};

/** A coordinator that says what the test tells it to say, and workers that end when they are told to. */
function fake() {
  const told: ParentMessage[] = [];
  let hear: (message: ChildMessage) => void = () => undefined;
  let end: (exit: ChildExit) => void = () => undefined;
  let began: () => void = () => undefined;
  const coordinatorStarted = new Promise<void>((resolve) => (began = resolve));
  let seq = 0;
  const world: ProgramWorld = {
    cores: 2,
    hostname: 'here',
    start: ({ entry, first, onMessage }) => {
      let ended: (exit: ChildExit) => void = () => undefined;
      const child: Child = {
        stop: (signal) =>
          entry === 'worker' ? ended({ code: 0, signal: null }) : void told.push({ type: 'stop', signal }),
        tell: (message) => void told.push(message),
        kill: () => ended({ code: null, signal: 'SIGKILL' }),
        ended: new Promise((resolve) => (ended = resolve)),
      };
      if (entry === 'coordinator') {
        told.push(first);
        hear = onMessage;
        end = ended;
        began();
      }
      return child;
    },
  };
  const state = (to: string, operation?: string): ChildMessage => {
    const cause = operation === undefined ? { kind: 'step-closed' } : { kind: 'operator', operation };
    const event = { type: 'state', from: 'running', to, pausing: false, cause, seq: ++seq, time: 0 };
    return { type: 'event', event: event as NumberedEvent };
  };
  const finish = (message: ChildMessage, code = 0) => {
    hear(message);
    end({ code, signal: null });
  };
  const die = () => end({ code: null, signal: 'SIGSEGV' });
  return { world, told, state, finish, die, coordinatorStarted, say: (message: ChildMessage) => hear(message) };
}

async function begun(options = {}) {
  const coordinator = fake();
  const starting = startTraining({ steps: 5, workers: 1, ...options }, coordinator.world);
  await coordinator.coordinatorStarted;
  coordinator.say(LISTENING);
  return { ...coordinator, run: await starting };
}

async function read(events: AsyncIterable<TrainingEvent>): Promise<TrainingEvent[]> {
  const found: TrainingEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

const FINISHED: ChildMessage = { type: 'finished', summary, exitCode: 0 };

describe('startTraining', () => {
  it('asks the coordinator for events, and resolves when workers may join', async () => {
    const { run, told, finish } = await begun();
    expect(told[0]).toMatchObject({ type: 'coordinate', tellsEvents: true });
    expect(run).toMatchObject({
      folder: 'runs/a',
      url: 'ws://127.0.0.1:7',
      metricsUrl: 'http://127.0.0.1:8',
      joinUrl: null,
    });
    finish(FINISHED);
    expect(await run.summary).toEqual(summary);
  });

  it('gives events, progress and notices in their order, and ends with the run', async () => {
    const { run, state, say, finish } = await begun();
    say(state('running'));
    const progress = {
      step: 1,
      steps: 5,
      epoch: 1,
      epochs: 1,
      scalars: [],
      images_per_second: 2,
      workers: 1,
      volunteers: 0,
      etaSeconds: 3,
    };
    say({ type: 'progress', ...progress });
    say({ type: 'notice', sentence: 'a worker joined' });
    finish(FINISHED);
    const events = await read(run.events);
    const notices = events.flatMap((event) => (event.type === 'notice' ? [event.sentence] : []));
    expect(notices).toContain('a worker joined');
    const others = events.filter(({ type }) => type !== 'notice');
    expect(others).toMatchObject([
      { type: 'state', to: 'running', seq: 1 },
      { type: 'progress', step: 1 },
    ]);
  });

  it('pauses when the run says that it has, and goes on', async () => {
    const { run, told, state, say, finish } = await begun();
    say(state('running'));
    let paused = false;
    const pausing = run.pause().then(() => (paused = true));
    expect(told.at(-1)).toEqual({ type: 'operate', operation: 'pause' });
    say(state('running', 'pause'));
    await Promise.resolve();
    expect(paused).toBe(false);
    say(state('paused'));
    await pausing;
    // Twice is no error.
    await run.pause();
    const resuming = run.resume();
    expect(told.at(-1)).toEqual({ type: 'operate', operation: 'resume' });
    say(state('waiting-for-workers', 'resume'));
    await resuming;
    finish(FINISHED);
  });

  it('says that a pause was withdrawn, and that a run ended first', async () => {
    const { run, state, say, finish } = await begun();
    say(state('running'));
    const withdrawn = run.pause();
    say(state('running', 'resume'));
    await expect(withdrawn).rejects.toMatchObject({ code: 'pause-withdrawn' });
    const late = run.pause();
    finish(FINISHED);
    await expect(late).rejects.toMatchObject({ code: 'run-ended' });
  });

  it('stops once, however often it is asked, and then gives the summary', async () => {
    const { run, told, finish } = await begun();
    const first = run.stop();
    const second = run.stop();
    expect(told.filter(({ type }) => type === 'stop')).toEqual([{ type: 'stop', signal: 'SIGTERM' }]);
    finish({ type: 'finished', summary: { ...summary, status: 'stopped' }, exitCode: 143 });
    expect(await first).toMatchObject({ status: 'stopped' });
    expect(await second).toMatchObject({ status: 'stopped' });
  });

  it('rejects with what the coordinator says', async () => {
    const coordinator = fake();
    const starting = startTraining({ steps: 5 }, coordinator.world);
    await coordinator.coordinatorStarted;
    coordinator.finish({ type: 'failed', code: 'port-taken', sentence: 'the port is taken', exitCode: 1 }, 1);
    await expect(starting).rejects.toMatchObject({ name: 'GradcastError', code: 'port-taken' });
  });

  it('tells readers of events and the summary of a coordinator that died', async () => {
    const { run, say, state, die } = await begun();
    say(state('running'));
    const reading = read(run.events);
    const failing = Promise.all([
      expect(reading).rejects.toMatchObject({ code: 'coordinator-died' }),
      expect(run.summary).rejects.toMatchObject({ code: 'coordinator-died' }),
    ]);
    say({ type: 'notice', sentence: 'x' });
    die();
    await failing;
  });

  it('gives a run that had nothing left to do', async () => {
    const coordinator = fake();
    const starting = startTraining({ steps: 5 }, coordinator.world);
    await coordinator.coordinatorStarted;
    coordinator.finish(FINISHED);
    const run = await starting;
    expect(run).toMatchObject({ folder: 'runs/a', url: null, metricsUrl: null });
  });

  it('refuses an option before anything starts', async () => {
    const { world, told } = fake();
    await expect(startTraining({ steps: -1 }, world)).rejects.toMatchObject({ code: 'out-of-range' });
    expect(told).toEqual([]);
  });
});
