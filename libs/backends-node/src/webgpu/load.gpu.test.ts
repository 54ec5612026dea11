import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { webgpuSkip } from './test-machine.ts';
import { loadWebgpu } from './load.ts';

const skip = await webgpuSkip();

describe.skipIf(skip !== undefined)(`loadWebgpu${skip === undefined ? '' : ` (skipped: ${skip})`}`, () => {
  it('makes the backend current and tells its adapter', async () => {
    const { name, adapter, profile } = await loadWebgpu();
    expect(tf.getBackend()).toBe('webgpu');
    expect(name).toBe('webgpu');
    expect(adapter.name).not.toBe('');
    expect(profile.device).toBe(`${adapter.kind === 'software' ? 'software' : 'gpu'}:${adapter.name}`);
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
