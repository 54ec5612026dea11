import type { ChildMessage, CoordinatorConfig, RunPhases, Summary } from '@gradcast/config';
import { NO_TIME, resolveTrain } from '@gradcast/config';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Child, ChildExit, StartChild } from './child.ts';
import { Reporter } from './reporter.ts';
import { runTrain } from './train.ts';
import { chooseBatch, fleetTimes } from './train-batch.ts';

/** A start of ten steps: milliseconds of a micro-batch, and of what else a step takes. */
function phasesOf(leafMs: number, exchangeMs: number): RunPhases {
  const compute = (10 * leafMs) / 1000;
  const worker = { compute, network: 0, overdue: 0, waiting: 0, leaves: 10 };
  return {
    steps: 10,
    seconds: compute + exchangeMs / 100,
    total: { ...NO_TIME, compute, network: exchangeMs / 200, adding: exchangeMs / 200, straggler: 9, idle: 9 },
    workers: [{ ...worker, worker: 'a' }],
    rest: { ...worker, workers: 1 },
  };
}

/** A measured coordinator that takes a step every 100 ms until it is stopped, or none; and the run that follows, which ends at once. */
function setUp(
  flags: readonly string[],
  { phases = phasesOf(3, 25), steps = true }: { phases?: RunPhases | null; steps?: boolean } = {},
) {
  const clock = { ms: 0 };
  const said = { out: '', err: '' };
  const told: CoordinatorConfig[] = [];
  const timers = new Set<{ readonly at: number; readonly action: () => void }>();
  const elapse = (ms: number) => {
    clock.ms += ms;
    for (const timer of [...timers]) if (timer.at <= clock.ms && timers.delete(timer)) timer.action();
  };
  const start: StartChild = ({ entry, first, onMessage }) => {
    const ended = (exit: ChildExit | Promise<ChildExit>): Child => {
      return { stop: () => undefined, tell: () => undefined, kill: () => undefined, ended: Promise.resolve(exit) };
    };
    if (entry === 'worker' || first.type !== 'coordinate') return ended({ code: 0, signal: null });
    told.push(first.config);
    const asked = { toStop: false };
    const isMeasured = told.length === 1;
    const life = async (): Promise<ChildExit> => {
      await settled();
      const address = { url: 'ws://h:1', localUrl: 'ws://h:1', metricsUrl: 'http://h:2/metrics' };
      onMessage({ type: 'listening', ...address, runFolder: 'r', resumedFromStep: null, totalSteps: 1 });
      const { microBatchSize, microBatches } = first.config;
      const epochs = Math.ceil((1_000_000 * microBatchSize * microBatches) / 60_000);
      for (let step = 1; isMeasured && !asked.toStop; step++) {
        if (steps) onMessage({ type: 'progress', step, epochs, scalars: [] } as unknown as ChildMessage);
        elapse(100);
        await settled();
      }
      const exitCode = isMeasured ? 143 : 0;
      const summary = {
        status: 'completed',
        runFolder: 'r',
        samples: null,
        scores: null,
        phases,
      } as unknown as Summary;
      onMessage({ type: 'finished', exitCode, summary: { ...summary, imagesPerSecond: 1, seconds: 1 } });
      return { code: exitCode, signal: null };
    };
    return { ...ended(life()), stop: () => (asked.toStop = true) };
  };
  const outcome = runTrain(
    resolveTrain(flags, { environment: {}, cores: 2, hostname: 'h' }),
    {
      start,
      now: () => clock.ms,
      delay: (ms, action) => {
        const timer = { at: clock.ms + ms, action };
        timers.add(timer);
        return () => timers.delete(timer);
      },
      onSignal: () => () => undefined,
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
  return { outcome, told, said };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('gradcast train --global-batch auto', () => {
  const FAST = ['--preset', 'tutorial', '--workers', '4', '--global-batch', 'auto'];

  it('measures all workers with a micro-batch each, then trains with as many as keep them busy, and says what that means', async () => {
    const { outcome, told, said } = setUp(FAST);
    expect(await outcome).toBe(0);
    const [measured, run] = told;
    expect(measured).toMatchObject({
      microBatches: 4,
      microBatchSize: 64,
      minWorkers: 4,
      resume: null,
      sampleEvery: null,
    });
    // 100 ms of computing are four times 25: 34 micro-batches of 3 ms a worker, and 64 of 64 images are less than a tenth of the data.
    expect(run).toMatchObject({ microBatches: 64, microBatchSize: 64, minWorkers: 1, logInterval: 10 });
    expect(said.err).toContain(
      'measuring 4 workers to choose a global batch\na worker takes 3 ms for 64 images, and a step 25 ms for all besides computing: ' +
        '--global-batch 4096, 16 micro-batches a worker (more would be faster, but a step takes at most 10 % of the data set); that is ' +
        "16 times the preset's batch, so as many images take 1/16 of the steps, the learning rate stays 0.0001, and what the run comes to " +
        "is not what the preset's batch comes to\n",
    );
  });

  it('leaves the batch as it is where workers are slow', async () => {
    const { outcome, told, said } = setUp(FAST, { phases: phasesOf(200, 30) });
    expect(await outcome).toBe(0);
    expect(told[1]).toMatchObject({ microBatches: 4 });
    expect(said.err).toContain("--global-batch 256, the preset's own\n");
  });

  it('tells programs what it chose', async () => {
    const { outcome, said } = setUp([...FAST, '--json'], { phases: phasesOf(10, 15) });
    expect(await outcome).toBe(0);
    const line = said.out.split('\n').find((each) => each.includes('"batch"'));
    const chosen = { globalBatch: 2048, microBatches: 32, workers: 4, leafMs: 10, exchangeMs: 15 };
    expect(JSON.parse(line!)).toEqual({ type: 'batch', ...chosen });
  });

  it('gives up after a while where no step is taken', async () => {
    const { outcome, told } = setUp(FAST, { phases: null, steps: false });
    const refused = { code: 'batch-unmeasured', exitCode: 75, message: expect.stringContaining('4 workers') as string };
    await expect(outcome).rejects.toMatchObject(refused);
    expect(told).toHaveLength(1);
  });

  it('measures the length of the run with the batch that it chose', async () => {
    const { told } = setUp([...FAST, '--for', '10m']);
    while (told.length < 2) await settled();
    expect(told.map(({ microBatches }) => microBatches)).toEqual([4, 64]);
  });
});

describe('the number of micro-batches', () => {
  const bounds = { workers: 4, microBatchSize: 64, least: 4, samples: 1e9 };

  it('is the least that lets workers compute for four fifths of the time', () => {
    expect(chooseBatch({ leafMs: 10, exchangeMs: 10 }, bounds)).toEqual({ microBatches: 16, bound: 'time' });
    expect(chooseBatch({ leafMs: 10, exchangeMs: 10.1 }, bounds)).toEqual({ microBatches: 32, bound: 'time' });
    expect(chooseBatch({ leafMs: 0.1, exchangeMs: 10 }, bounds)).toEqual({ microBatches: 128, bound: 'leaves' });
  });

  it("is a power of two, within bounds and not below the preset's or the workers'", () => {
    const ms = fc.double({ min: 0, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(
        ms,
        ms,
        fc.integer({ min: 1, max: 1024 }),
        fc.nat(8),
        fc.nat(1e6),
        (leafMs, exchangeMs, workers, k, samples) => {
          const least = 2 ** k;
          const { microBatches } = chooseBatch({ leafMs, exchangeMs }, { workers, microBatchSize: 16, least, samples });
          expect(Number.isInteger(Math.log2(microBatches))).toBe(true);
          expect(microBatches).toBeGreaterThanOrEqual(Math.max(workers, least));
          expect(microBatches).toBeLessThanOrEqual(4096);
          if (microBatches >= 2 * Math.max(workers, least)) expect(microBatches * 16).toBeLessThanOrEqual(samples / 10);
        },
      ),
    );
  });
});

it('takes the mean times of all workers, whether named or not, and no waiting for the last one', () => {
  const { leafMs, exchangeMs } = fleetTimes(phasesOf(3, 25))!;
  expect([leafMs, exchangeMs]).toEqual([expect.closeTo(3), expect.closeTo(25)]);
  expect(fleetTimes({ ...phasesOf(3, 25), steps: 0 })).toBeNull();
});
