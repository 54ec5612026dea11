import { ganTask, tinyPresets } from '@gradcast/gan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { SubtreeLeaves } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { DeviceContext } from './context.ts';
import { createPlanEngine } from './engine.ts';
import { FakeDevice } from './for-tests/fake-device.ts';
import { KeeperBench } from './for-tests/keeper-bench.ts';
import { singlyTeller, sumRefusalOf } from './left-to-host.ts';
import { RecoveringEngine } from './recovering-engine.ts';

const task = ganTask(tinyPresets.softmax);
const length = task.parameters.length + task.tail.length;

const LEAVES: SubtreeLeaves = {
  count: 2,
  size: 4,
  ahead: true,
  next: (leaf) => Promise.resolve(formulaMicroBatch(task, 4, leaf)),
  computed: () => undefined,
};

/** Engines on fake devices, which add nothing. */
async function computing(prepare?: (device: FakeDevice) => void) {
  const bench = await KeeperBench.start(prepare);
  const leftToHost = singlyTeller((event) => bench.keeper.tell(event));
  const engineOf = () => {
    const engine = new RecoveringEngine(task, bench.keeper, (context) =>
      createPlanEngine(task, context, { leftToHost }),
    );
    engine.load(formulaParameters(task));
    return engine;
  };
  const told = () => bench.told.filter(({ kind }) => kind === 'singly');
  return { bench, engineOf, told };
}

describe('a device that adds with other bits', () => {
  it('is told of once, whatever the number of subtrees, engines and losses', async () => {
    const { bench, engineOf, told } = await computing();
    const [first, second] = [engineOf(), engineOf()];
    const into = new Float32Array(length);
    for (const engine of [first, first, second]) expect(await engine.subtree(LEAVES, into)).toBe('singly');
    bench.device.submitted = () => bench.device.lose('the driver was reset');
    await first.gradient(formulaMicroBatch(task, 4), into);
    expect(bench.devices).toHaveLength(2);
    expect(await first.subtree(LEAVES, into)).toBe('singly');
    expect(told()).toEqual([
      {
        kind: 'singly',
        code: 'webgpu-sums-differ',
        sentence:
          'leaves of a lease are not added on the GPU, each is read back: sums of the GPU have other bits than those of the host',
      },
    ]);
  });

  it('is not the same as one without room for it', async () => {
    const { bench, engineOf, told } = await computing();
    const engine = engineOf();
    const into = new Float32Array(length);
    await engine.gradient(formulaMicroBatch(task, 4), into);
    bench.device.capacity = bench.device.held + 1000;
    expect(await engine.subtree(LEAVES, into)).toBe('singly');
    expect(told()).toMatchObject([
      { code: 'webgpu-out-of-memory', sentence: expect.stringMatching(/no room/) as string },
    ]);
  });

  it('says why before anything is trained there', async () => {
    expect(await sumRefusalOf(new DeviceContext(new FakeDevice().gpu))).toMatchObject({
      name: 'BackendError',
      code: 'webgpu-sums-differ',
    });
    const broken = new FakeDevice();
    broken.createComputePipelineAsync = () => Promise.resolve({});
    broken.createBindGroup = () => {
      throw new TypeError('a mistake of ours');
    };
    await expect(sumRefusalOf(new DeviceContext(broken.gpu))).rejects.toThrow('a mistake of ours');
  });
});

describe('singlyTeller', () => {
  it('tells what is no refusal, too', () => {
    const told: unknown[] = [];
    const tell = singlyTeller((event) => void told.push(event));
    tell('odd');
    tell(new Error('odd'));
    expect(told).toEqual([
      { kind: 'singly', sentence: 'leaves of a lease are not added on the GPU, each is read back: odd' },
    ]);
  });
});
