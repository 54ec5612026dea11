import { openEngine } from '@gradcast/engine';
import { ganTask, tinyPresets } from '@gradcast/gan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { webgpuSkip } from './test-machine.ts';
import { loadWebgpu } from './load.ts';

const skip = await webgpuSkip();

describe.skipIf(skip !== undefined)(`loadWebgpu${skip === undefined ? '' : ` (skipped: ${skip})`}`, () => {
  it('computes without tfjs, and tells its adapter', async () => {
    const { name, adapter, profile, multiply } = await loadWebgpu();
    expect(Object.keys(tf.engine().registryFactory)).not.toContain('webgpu');
    const product = await multiply!(Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8));
    expect([...product]).toEqual([19, 22, 43, 50]);
    expect(name).toBe('webgpu');
    expect(adapter.name).not.toBe('');
    expect(profile.device).toBe(`${adapter.kind === 'software' ? 'software' : 'gpu'}:${adapter.name}`);
  });

  it('is current in tfjs-core once that is asked for', async () => {
    const { register, kernels } = await loadWebgpu();
    await register();
    await register();
    expect(tf.getBackend()).toBe('webgpu');
    const { profile, ...eager } = await loadWebgpu({ plans: false });
    expect([profile.mode, eager.kernels === kernels, eager.engineOf]).toEqual(['eager', true, undefined]);
  });

  it('runs a task of functions op by op', async () => {
    const functions = { ...ganTask(tinyPresets.softmax), stepGraph: undefined };
    const engine = await openEngine(functions, await loadWebgpu());
    engine.load(formulaParameters(functions));
    const gradient = new Float32Array(functions.parameters.length + functions.tail.length);
    await engine.gradient(formulaMicroBatch(functions, 4), gradient);
    expect(gradient.some((value) => value !== 0)).toBe(true);
    engine.dispose();
  });

  it('loads once: a second call gives the same backend', async () => {
    expect(await loadWebgpu()).toBe(await loadWebgpu());
  });

  it('takes a software adapter only if that is allowed', async () => {
    const { adapter } = await loadWebgpu();
    const strict = loadWebgpu({ adapter: 'hardware' });
    if (adapter.kind === 'software') await expect(strict).rejects.toMatchObject({ code: 'webgpu-software-adapter' });
    else expect((await strict).adapter).toEqual(adapter);
  });
});
