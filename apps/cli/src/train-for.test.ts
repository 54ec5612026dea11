import { existsSync } from 'node:fs';
import { type ChildMessage, type CoordinatorConfig, type Progress, resolveTrain, type Summary } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import type { ChildExit, StartChild } from './child.ts';
import type { StopSignal } from './exit-codes.ts';
import { Reporter } from './reporter.ts';
import { runTrain } from './train.ts';
import { showTime, stepsWithin } from './train-for.ts';

const STARTED: Extract<ChildMessage, { type: 'listening' }> = {
  type: 'listening',
  url: 'ws://127.0.0.1:1',
  localUrl: 'ws://127.0.0.1:1',
  metricsUrl: 'http://127.0.0.1:2/metrics',
  runFolder: 'runs/r',
  resumedFromStep: null,
  totalSteps: 1,
};

/**
 * Coordinators on an injected clock: each needs `startMs` to its first step, `stepMs` for any other and a second to end. The
 * measured one takes steps until it is stopped, any other ends at once.
 */
function setUp(flags: readonly string[], { startMs = 4000, stepMs = 100, measured = 'steps' } = {}) {
  const clock = { ms: 0 };
  const said = { out: '', err: '' };
  const told: CoordinatorConfig[] = [];
  const signals = new Set<(signal: StopSignal) => void>();
  const timers = new Set<{ readonly at: number; readonly action: () => void }>();
  let folderWasThere = false;
  const elapse = (ms: number) => {
    clock.ms += ms;
    for (const timer of timers) {
      if (timer.at > clock.ms) continue;
      timers.delete(timer);
      timer.action();
    }
  };
  const start: StartChild = ({ entry, first, onMessage }) => {
    if (entry === 'worker' || first.type !== 'coordinate') return ended({ code: 0, signal: null });
    const { config } = first;
    told.push(config);
    const asked = { toStop: false };
    const goesOn = () => !asked.toStop;
    const finish = (exitCode: number): ChildExit => {
      clock.ms += 1000;
      const status = exitCode === 0 ? 'completed' : 'stopped';
      const summary = {
        status,
        runFolder: 'runs/r',
        samples: null,
        scores: null,
        imagesPerSecond: 1,
        seconds: 1,
      } as Summary;
      onMessage({ type: 'finished', exitCode, summary });
      return { code: exitCode, signal: null };
    };
    const life = async (): Promise<ChildExit> => {
      await settled();
      onMessage(STARTED);
      if (told.length > 1) return finish(0);
      folderWasThere = existsSync(config.out);
      if (measured === 'failure') {
        onMessage({ type: 'failed', code: 'backend-missing', sentence: 'no backend runs here', exitCode: 1 });
        return { code: 1, signal: null };
      }
      elapse(startMs);
      for (let step = 1; goesOn(); step++) {
        if (measured === 'steps')
          onMessage({ type: 'progress', step, steps: 9, scalars: [] } as unknown as ChildMessage & Progress);
        if (measured === 'signal' && step === 3) for (const listener of signals) listener('SIGINT');
        if (goesOn()) elapse(stepMs);
        await settled();
      }
      return finish(143);
    };
    return { ...ended(life()), stop: () => (asked.toStop = true) };
  };
  const outcome = runTrain(
    resolveTrain(['--workers', '1', ...flags], { environment: {}, cores: 2, hostname: 'h' }),
    {
      start,
      now: () => clock.ms,
      delay: (ms, action) => {
        const timer = { at: clock.ms + ms, action };
        timers.add(timer);
        return () => timers.delete(timer);
      },
      onSignal: (listener) => {
        signals.add(listener);
        return () => signals.delete(listener);
      },
      reporter: new Reporter({
        stdout: { write: (text) => (said.out += text) },
        stderr: { write: (text) => (said.err += text) },
        now: () => clock.ms,
        json: flags.includes('--json'),
        progress: true,
        logInterval: 1,
      }),
    },
    () => 'secret',
  );
  return { outcome, told, said, folderWasThere: () => folderWasThere };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function ended(exit: ChildExit | Promise<ChildExit>) {
  return { stop: () => undefined, tell: () => undefined, kill: () => undefined, ended: Promise.resolve(exit) };
}

describe('gradcast train --for', () => {
  it('measures in a folder that goes, says what fits and takes so many steps', async () => {
    const { outcome, told, said, folderWasThere } = setUp([
      ...['--for', '10m', '--lr-schedule', 'linear', '--min-workers', '3', '--seed', '4'],
      ...['--out', 'elsewhere', '--metrics-port', '9464', '--port', '7070'],
    ]);
    expect(await outcome).toBe(0);
    const [measured, run] = told;
    expect(folderWasThere()).toBe(true);
    expect(existsSync(measured.out)).toBe(false);
    expect(measured).toMatchObject({
      seed: 4,
      resume: null,
      port: 0,
      metricsPort: 0,
      minWorkers: 1,
      sampleEvery: null,
    });
    // 4 s start, 18 s of steps, 1 s end; then 4 s and 1 s again of what is left, 572 s at 10 steps/s, and the first step.
    expect(run).toMatchObject({ seed: 4, out: 'elsewhere', length: { steps: 5721 }, lrSchedule: 'linear', port: 7070 });
    expect(said.err).toContain(
      'measuring how many steps fit into 10 min\nabout 5721 steps in 10 min, at 1280 images/s\n',
    );
    expect(said.err.match(/^run /gm)).toHaveLength(1);
  });

  it('tells programs the plan', async () => {
    const { outcome, said } = setUp(['--for', '60s', '--json'], { stepMs: 500 });
    expect(await outcome).toBe(0);
    const planned = said.out.split('\n').find((line) => line.includes('planned'));
    expect(JSON.parse(planned!)).toEqual({ type: 'planned', seconds: 60, steps: 95, imagesPerSecond: 256 });
  });

  it('refuses a time that is over before a step is, and says how much a start takes', async () => {
    const { outcome, told } = setUp(['--for', '9s']);
    const refused = {
      code: 'time-too-short',
      exitCode: 2,
      message: expect.stringContaining('take 14 s here') as string,
    };
    await expect(outcome).rejects.toMatchObject(refused);
    expect(told).toHaveLength(1);
  });

  it('does not measure longer than there is time', async () => {
    const { outcome, told } = setUp(['--for', '30s'], { measured: 'nothing', stepMs: 1000 });
    await expect(outcome).rejects.toMatchObject({ code: 'time-too-short' });
    expect(told).toHaveLength(1);
  });

  it('ends with what became of the measured run', async () => {
    const failed = setUp(['--for', '60s'], { measured: 'failure' });
    expect(await failed.outcome).toBe(1);
    expect(failed.said.err).toContain('no backend runs here [backend-missing]');
    const stopped = setUp(['--for', '60s'], { measured: 'signal' });
    expect(await stopped.outcome).toBe(130);
    expect([failed.told.length, stopped.told.length]).toEqual([1, 1]);
  });
});

describe('the number of steps', () => {
  it('fills what the measurement, another start and another end leave', () => {
    const measured = { startMs: 2000, stepMs: 250, endMs: 1000, spentMs: 7000 };
    expect(stepsWithin(20, measured)).toBe(41);
    expect(stepsWithin(10, measured)).toBe(1);
    expect(() => stepsWithin(9.7, measured)).toThrow('--for 9.7 s is too short');
  });
});

it.each([
  [90, '90 s'],
  [0.5, '0.5 s'],
  [600, '10 min'],
  [5400, '90 min'],
  [7200, '2 h'],
  [7260, '121 min'],
])('%d seconds are told as %s', (seconds, text) => {
  expect(showTime(seconds)).toBe(text);
});
