import { ganTask, tinyPresets } from '@gradcast/gan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { SubtreeLeaves, SubtreeOutcome } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { createPlanEngine } from './engine.ts';
import type { PlanEngine } from './engine.ts';
import type { FakeDevice } from './for-tests/fake-device.ts';
import { FakeTimer, GUARANTEED, HandClock, memoryStore } from './for-tests/fake-timer.ts';
import { KeeperBench } from './for-tests/keeper-bench.ts';
import { RecoveringEngine } from './recovering-engine.ts';
import { createTuner } from './tuning/tuner.ts';
import { webgpuError } from './webgpu-error.ts';

const task = ganTask(tinyPresets.softmax);
const parameters = formulaParameters(task);

async function computing(prepare?: (device: FakeDevice) => void) {
  const bench = await KeeperBench.start(prepare);
  const engines: PlanEngine[] = [];
  const engine = new RecoveringEngine(task, bench.keeper, (context) => {
    engines.push(createPlanEngine(task, context));
    return engines.at(-1)!;
  });
  engine.load(parameters);
  return { ...{ bench, engine }, plans: () => engines.at(-1)!.planCount };
}

async function gradientOf(engine: RecoveringEngine, samples = 4): Promise<Float32Array> {
  const vector = new Float32Array(task.parameters.length + task.tail.length);
  await engine.gradient(formulaMicroBatch(task, samples), vector);
  return vector;
}

/** Loses the device at its next submit. */
function loseAtSubmit(device: FakeDevice, message: string): void {
  device.submitted = () => device.lose(message);
}

const expected = await gradientOf((await computing()).engine);

describe('an engine whose device is lost', () => {
  it('computes again what was interrupted, with the same bits, and says so', async () => {
    const { bench, engine } = await computing();
    await gradientOf(engine);
    loseAtSubmit(bench.device, 'the driver was reset');
    expect(await gradientOf(engine)).toEqual(expected);
    expect(bench.devices).toHaveLength(2);
    expect(bench.told).toEqual([
      { kind: 'lost', sentence: 'the GPU is gone: the driver was reset; asking for it again' },
      { kind: 'back', sentence: 'the GPU is back; what was interrupted is computed again' },
    ]);
  });

  it('chooses tiles once: those of the old device are those of the new one', async () => {
    const bench = await KeeperBench.start();
    const tuner = createTuner({
      adapter: { device: 'gpu:a', features: '' },
      limits: GUARANTEED,
      store: memoryStore(),
      timer: new FakeTimer(new HandClock(), (tile) => (tile === '32x32' ? 1 : 2)),
      clock: new HandClock(),
      date: () => 0,
      tell: () => undefined,
    });
    const asked: (string | undefined)[] = [];
    const engine = new RecoveringEngine(task, bench.keeper, (context) => {
      const made = createPlanEngine(task, context, { tuner });
      const prepare = made.prepare.bind(made);
      made.prepare = async (samples) => {
        const text = await prepare(samples);
        asked.push(text);
        return text;
      };
      return made;
    });
    const text = await engine.prepare(4);
    engine.load(parameters);
    await gradientOf(engine);
    loseAtSubmit(bench.device, 'the driver was reset');
    await gradientOf(engine);
    expect(text).toContain('32x32');
    expect(asked).toEqual([text, text]);
  });

  it('does not notice before it is asked for something', async () => {
    const { bench, engine } = await computing();
    await gradientOf(engine);
    bench.device.lose('the machine slept');
    await bench.device.lost;
    engine.load(parameters.map((value) => 2 * value));
    expect(bench.devices).toHaveLength(1);
    expect((await gradientOf(engine))[0]).toBeCloseTo(2 * expected[0], 3);
  });

  it('loads its own copy again, or what it was told gives the same', async () => {
    const { bench, engine } = await computing();
    const mine = parameters.slice();
    engine.load(mine);
    mine.fill(NaN);
    loseAtSubmit(bench.device, 'reset');
    expect(await gradientOf(engine)).toEqual(expected);
    const own = { parameters };
    engine.load(parameters, () => own.parameters);
    loseAtSubmit(bench.device, 'reset');
    expect(await gradientOf(engine)).toEqual(expected);
    own.parameters = parameters.map((value) => 2 * value);
    loseAtSubmit(bench.device, 'reset');
    expect((await gradientOf(engine))[0]).toBeCloseTo(2 * expected[0], 3);
  });

  it('is brought back again if the next device is lost, too, until there were enough', async () => {
    const { bench, engine } = await computing((device) => loseAtSubmit(device, 'reset'));
    await expect(gradientOf(engine)).rejects.toMatchObject({
      code: 'webgpu-device-lost',
      message: 'the GPU is gone: reset; it was asked for again 3 times in 10 minutes',
      remedy: expect.stringContaining('start again') as string,
    });
    expect(bench.devices).toHaveLength(4);
    await expect(gradientOf(engine)).rejects.toMatchObject({ code: 'webgpu-device-lost' });
    bench.clock.now += 600_000;
    bench.prepare = () => {};
    expect(await gradientOf(engine)).toEqual(expected);
  });

  it('is brought back again if the next device is lost before it is ready', async () => {
    const { bench, engine } = await computing();
    await gradientOf(engine);
    const again = parameters.slice();
    engine.load(parameters, () => {
      if (bench.devices.length === 2) bench.keeper.context.requireDevice();
      return again;
    });
    bench.prepare = (device) => {
      if (bench.devices.length === 1) device.lose('reset, too');
    };
    loseAtSubmit(bench.device, 'reset');
    expect(await gradientOf(engine)).toEqual(expected);
    expect(bench.told.map(({ kind }) => kind)).toEqual(['lost', 'lost', 'back']);
  });

  it('shares the next device with the others of the lost one', async () => {
    const { bench, engine } = await computing();
    const other = new RecoveringEngine(task, bench.keeper, (context) => createPlanEngine(task, context));
    other.load(parameters);
    bench.device.lose('reset');
    await bench.device.lost;
    expect(await gradientOf(engine)).toEqual(expected);
    expect(await gradientOf(other)).toEqual(expected);
    expect(bench.devices).toHaveLength(2);
  });

  it('is as strict as ever with those who call it', async () => {
    const { engine } = await computing();
    const running = gradientOf(engine);
    await expect(gradientOf(engine)).rejects.toThrow('busy');
    await running;
    expect(() => engine.load(parameters.subarray(1))).toThrow(RangeError);
    engine.dispose();
    await expect(gradientOf(engine)).rejects.toThrow('load() comes first');
  });
});

describe('an engine whose device is full', () => {
  /** Bytes that one plan takes beside the parameters. */
  async function plansOf(...samples: number[]): Promise<number> {
    const { bench, engine } = await computing();
    for (const each of samples) await gradientOf(engine, each);
    return bench.device.held;
  }

  it('keeps one plan at a time from then on, and computes the same', async () => {
    const room = (await plansOf(4, 5)) - 1;
    const { bench, engine, plans } = await computing((device) => (device.capacity = room));
    expect(await gradientOf(engine)).toEqual(expected);
    expect(bench.told).toEqual([]);
    await gradientOf(engine, 5);
    expect(plans()).toBe(1);
    expect(await gradientOf(engine)).toEqual(expected);
    expect(bench.told.map(({ kind }) => kind)).toEqual(['full']);
    expect(bench.told[0].sentence).toMatch(
      /^the GPU has not enough memory: no room for \d+ bytes; one plan at a time is kept there from now on$/,
    );
    expect(bench.devices).toHaveLength(1);
  });

  it('says what to do if not even one fits, and leaves nothing there', async () => {
    const { bench, engine } = await computing();
    const { held } = bench.device;
    bench.device.capacity = held + 1000;
    await expect(gradientOf(engine)).rejects.toMatchObject({
      code: 'webgpu-out-of-memory',
      message: expect.stringMatching(/; task [a-z-]+ does not fit, one plan at a time$/) as string,
      remedy: expect.stringContaining('--micro-batch') as string,
    });
    expect(bench.device.held).toBe(held);
    bench.device.capacity = Infinity;
    expect(await gradientOf(engine)).toEqual(expected);
  });

  it('takes a loss that comes with a new plan, or with such words, for one of memory', async () => {
    const grown = await computing();
    await gradientOf(grown.engine);
    loseAtSubmit(grown.bench.device, 'unknown');
    await gradientOf(grown.engine, 5);
    const words = await computing();
    await gradientOf(words.engine);
    loseAtSubmit(words.bench.device, 'VK_ERROR_OUT_OF_DEVICE_MEMORY');
    await gradientOf(words.engine);
    for (const { bench, engine, plans } of [grown, words]) {
      expect(bench.told.at(-1)).toEqual({
        kind: 'back',
        sentence:
          'the GPU is back; what was interrupted is computed again, with one plan at a time, since its memory may have been full',
      });
      expect(await gradientOf(engine)).toEqual(expected);
      await gradientOf(engine, 5);
      expect(plans()).toBe(1);
    }
  });

  it('computes again what it had no memory for while it ran', async () => {
    const { bench, engine } = await computing();
    await gradientOf(engine);
    let times = 0;
    bench.device.submitted = () => {
      if (times++ === 0) bench.device.complain('out-of-memory', 'no staging buffer');
    };
    expect(await gradientOf(engine)).toEqual(expected);
    expect(bench.told.map(({ kind }) => kind)).toEqual(['full']);
  });
});

describe('an engine whose device complains', () => {
  it('gives no result of a run that was not valid, and the next one', async () => {
    const { bench, engine } = await computing();
    await gradientOf(engine);
    bench.device.submitted = () => {
      bench.device.submitted = () => {};
      bench.device.complain('validation', 'a buffer was destroyed');
    };
    await expect(gradientOf(engine)).rejects.toMatchObject({
      code: 'webgpu-refused',
      message: 'the GPU refused a plan: a buffer was destroyed',
    });
    expect(await gradientOf(engine)).toEqual(expected);
    expect([bench.told, bench.devices.length]).toEqual([[], 1]);
  });
});

describe('an engine that adds leaves', () => {
  const leaves: SubtreeLeaves = {
    count: 2,
    size: 4,
    ahead: true,
    next: () => Promise.resolve(formulaMicroBatch(task, 4)),
    computed: () => undefined,
  };
  const into = new Float32Array(expected.length);

  /** Its subtrees are a test's business, all else is a plan's. */
  async function adding(subtree: () => Promise<SubtreeOutcome>) {
    const bench = await KeeperBench.start();
    const engine = new RecoveringEngine(task, bench.keeper, (context) =>
      Object.assign(createPlanEngine(task, context), { subtree }),
    );
    engine.load(parameters);
    return { bench, engine };
  }

  it('says what became of them', async () => {
    for (const outcome of ['summed', 'stopped', 'singly'] as const) {
      const { engine } = await adding(() => Promise.resolve(outcome));
      expect(await engine.subtree(leaves, into)).toBe(outcome);
    }
  });

  it('wants them singly where its device is lost or full, and goes on', async () => {
    for (const [code, told] of [
      ['webgpu-device-lost', ['lost', 'back']],
      ['webgpu-out-of-memory', ['full']],
    ] as const) {
      let times = 0;
      const { bench, engine } = await adding(() =>
        times++ === 0 ? Promise.reject(webgpuError(code, 'in the middle')) : Promise.resolve('summed'),
      );
      expect(await engine.subtree(leaves, into)).toBe('singly');
      expect(bench.told.map(({ kind }) => kind)).toEqual(told);
      expect(await gradientOf(engine)).toEqual(expected);
      expect(await engine.subtree(leaves, into)).toBe('summed');
    }
  });

  it('fails with whoever gives it leaves, and takes one call at a time', async () => {
    let failing = true;
    const { engine } = await adding(() => (failing ? Promise.reject(new Error('no leaf')) : Promise.resolve('summed')));
    const running = engine.subtree(leaves, into);
    await expect(engine.subtree(leaves, into)).rejects.toThrow('busy');
    await expect(running).rejects.toThrow('no leaf');
    failing = false;
    expect(await engine.subtree(leaves, into)).toBe('summed');
  });
});
