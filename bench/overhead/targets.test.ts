import { expect, test } from 'vitest';
import { targetOf } from './targets.ts';

const tutorial = { preset: 'tutorial', microBatch: 64 } as const;

test('a share is wanted of the setting that it was set for, on a processor and on a GPU', () => {
  const native = { subject: { ...tutorial, backend: 'tensorflow' }, device: 'cpu' };
  expect(targetOf({ ...native, perWorker: 1, codec: 'f16' })).toBe(0.92);
  expect(targetOf({ ...native, perWorker: 8, codec: 'f32' })).toBeUndefined();
  for (const [backend, device] of [
    ['webgpu', 'gpu:nvidia-h200'],
    ['cuda', 'cuda:NVIDIA H200'],
  ]) {
    expect(targetOf({ subject: { ...tutorial, backend }, device, perWorker: 8, codec: 'f16' })).toBe(0.6);
    expect(targetOf({ subject: { ...tutorial, backend }, device, perWorker: 1, codec: 'f32' })).toBeUndefined();
  }
});

test('none is wanted of a processor that plays a GPU, of other backends, presets and sizes', () => {
  const one = { perWorker: 1, codec: 'f32', device: 'cpu' } as const;
  expect(targetOf({ ...one, subject: { ...tutorial, backend: 'wasm' } })).toBeUndefined();
  expect(targetOf({ ...one, subject: { ...tutorial, microBatch: 16, backend: 'tensorflow' } })).toBeUndefined();
  expect(targetOf({ ...one, subject: { preset: 'dcgan', microBatch: 64, backend: 'tensorflow' } })).toBeUndefined();
  const played = { ...one, device: 'software:SwiftShader', perWorker: 8 };
  expect(targetOf({ ...played, subject: { ...tutorial, backend: 'webgpu' } })).toBeUndefined();
});
