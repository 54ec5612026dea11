import type { Trainable } from '@gradcast/network';
import { describe, expect, it } from 'vitest';
import { startWebgpu } from './start.ts';

const HARDWARE = { vendor: 'nvidia', architecture: 'hopper', device: '', description: 'NVIDIA H200' };
const SOFTWARE = { vendor: 'google', architecture: 'swiftshader', device: '', description: 'SwiftShader' };

/** What gives one adapter after the other, and what their devices were asked for. */
function gpuOf(...infos: (typeof HARDWARE)[]) {
  const asked: GPUDeviceDescriptor[] = [];
  const requestAdapter = () => {
    const info = infos.shift();
    if (!info) return Promise.resolve(null);
    const requestDevice = (descriptor: GPUDeviceDescriptor) => {
      asked.push(descriptor);
      if (info.description === 'broken') return Promise.reject(new Error('no'));
      return Promise.resolve({ lost: new Promise(() => undefined), addEventListener: () => undefined });
    };
    return Promise.resolve({ info, features: new Set(['f16']), limits: { maxBufferSize: 7 }, requestDevice });
  };
  return { gpu: { requestAdapter } as unknown as GPU, asked };
}

describe('startWebgpu', () => {
  it('takes all that its adapter allows, and names it in the profile', async () => {
    const { gpu, asked } = gpuOf(HARDWARE);
    const { adapter, profile } = await startWebgpu({ gpu, libraryVersion: 'Chromium 142' });
    expect(adapter).toEqual({ kind: 'hardware', name: 'NVIDIA H200' });
    expect(profile).toEqual({
      backend: 'webgpu',
      libraryVersion: 'Chromium 142',
      device: 'gpu:NVIDIA H200',
      features: 'f16',
      threads: 1,
      mode: 'plan',
    });
    expect(asked).toMatchObject([{ requiredLimits: { maxBufferSize: 7 } }]);
  });

  it('has no engine for a task of functions', async () => {
    const { engineOf } = await startWebgpu({ gpu: gpuOf(HARDWARE).gpu, libraryVersion: '' });
    expect(engineOf({ name: 'own' } as Trainable)).toBeUndefined();
  });

  it('refuses what was not asked for, or is not there', async () => {
    const options = { libraryVersion: '' };
    const start = (...infos: (typeof HARDWARE)[]) => startWebgpu({ ...options, gpu: gpuOf(...infos).gpu });
    await expect(start()).rejects.toMatchObject({ code: 'webgpu-no-adapter' });
    const broken = { ...HARDWARE, description: 'broken' };
    await expect(start(broken)).rejects.toMatchObject({ code: 'webgpu-no-device' });
    expect((await start(SOFTWARE)).adapter.kind).toBe('software');
    const strict = startWebgpu({ ...options, adapter: 'hardware', gpu: gpuOf(SOFTWARE).gpu });
    await expect(strict).rejects.toMatchObject({ code: 'webgpu-software-adapter' });
  });
});
