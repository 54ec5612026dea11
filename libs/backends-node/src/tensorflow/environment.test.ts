import { describe, expect, it } from 'vitest';
import { nativeEnvironment } from './environment.ts';

describe('nativeEnvironment', () => {
  it('computes on one thread of the processor unless told otherwise', () => {
    const { TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS, CUDA_VISIBLE_DEVICES } = nativeEnvironment();
    expect([TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS, CUDA_VISIBLE_DEVICES]).toEqual(['1', '-1', '-1']);
    expect(nativeEnvironment({ threads: 4 })['TF_NUM_INTRAOP_THREADS']).toBe('4');
  });

  it('shows one GPU and keeps its sums in order', () => {
    expect(nativeEnvironment({ gpu: 2 })).toMatchObject({
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
      CUDA_VISIBLE_DEVICES: '2',
      TF_DETERMINISTIC_OPS: '1',
      TF_CUDNN_USE_AUTOTUNE: '0',
      NVIDIA_TF32_OVERRIDE: '0',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    });
  });

  it.each([{ threads: 0 }, { threads: 1.5 }, { threads: NaN }, { gpu: -1 }, { gpu: 0.5 }])('refuses %o', (settings) => {
    expect(() => nativeEnvironment(settings)).toThrow(RangeError);
  });
});
