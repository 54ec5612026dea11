import { BackendError } from '@gradcast/engine';
import { describe, expect, it } from 'vitest';
import { KeeperBench } from './for-tests/keeper-bench.ts';

const GONE = new BackendError('webgpu-device-lost', 'the GPU is gone: reset', { remedy: '' });

describe('a device that was lost', () => {
  it('is replaced by one that is asked for at once, and told', async () => {
    const { keeper, devices, told, waits } = await KeeperBench.start();
    const first = keeper.context;
    const next = await keeper.replace(first, GONE);
    expect([next === first, keeper.context === next]).toEqual([false, true]);
    expect(devices.map(({ isLost }) => isLost)).toEqual([true, false]);
    expect(told).toEqual([{ kind: 'lost', sentence: 'the GPU is gone: reset; asking for it again' }]);
    expect(waits).toEqual([]);
  });

  it('is asked for once, whoever asks', async () => {
    const { keeper, devices } = await KeeperBench.start();
    const first = keeper.context;
    const [one, other] = await Promise.all([keeper.replace(first, GONE), keeper.replace(first, GONE)]);
    expect(one).toBe(other);
    expect(await keeper.replace(first, GONE)).toBe(one);
    expect(devices).toHaveLength(2);
  });

  it('is asked for three times in ten minutes at most, and again later', async () => {
    const bench = await KeeperBench.start();
    const { keeper, clock } = bench;
    for (let times = 0; times < 3; times++) await keeper.replace(keeper.context, GONE);
    const refused = {
      code: 'webgpu-device-lost',
      message: 'the GPU is gone: reset; it was asked for again 3 times in 10 minutes',
    };
    clock.now += 599_999;
    await expect(keeper.replace(keeper.context, GONE)).rejects.toMatchObject(refused);
    clock.now += 1;
    const before = keeper.context;
    expect(await keeper.replace(before, GONE)).not.toBe(before);
    expect(bench.devices).toHaveLength(5);
  });

  it('is waited for where there is none for a moment', async () => {
    const bench = await KeeperBench.start();
    bench.failures = ['no adapter', 'no adapter'];
    const replaced = bench.keeper.replace(bench.keeper.context, GONE);
    await bench.ring(1_000);
    await bench.ring(5_000);
    expect(await replaced).toBe(bench.keeper.context);
    expect(bench.told).toHaveLength(1);
  });

  it('stays lost where there is none, with the reason', async () => {
    const bench = await KeeperBench.start();
    bench.failures = ['no adapter', 'no adapter', 'no adapter'];
    const replaced = bench.keeper.replace(bench.keeper.context, GONE);
    replaced.catch(() => undefined);
    await bench.ring(1_000);
    await bench.ring(5_000);
    await expect(replaced).rejects.toMatchObject({
      code: 'webgpu-device-lost',
      message:
        'the GPU is gone: reset; it was asked for again 3 times in 10 minutes, and it does not come back: no adapter',
    });
  });

  it('is not waited for where the driver hangs, and freed if it comes late', async () => {
    const bench = await KeeperBench.start();
    bench.hangs = true;
    const replaced = bench.keeper.replace(bench.keeper.context, GONE);
    await bench.ring(30_000);
    bench.hangs = false;
    await bench.ring(1_000);
    expect(await replaced).toBe(bench.keeper.context);
    await bench.answerLate();
    expect(bench.devices.map(({ isLost }) => isLost)).toEqual([true, false, true]);
  });

  it('is refused if another one comes, which has other bits', async () => {
    const bench = await KeeperBench.start();
    bench.facts = { device: 'gpu:b', features: 'f16' };
    await expect(bench.keeper.replace(bench.keeper.context, GONE)).rejects.toMatchObject({
      code: 'webgpu-device-changed',
      message: 'the GPU came back as another one, with other bits: its device is gpu:b, not gpu:a',
    });
    expect(bench.devices.map(({ isLost }) => isLost)).toEqual([true, true]);
  });
});
