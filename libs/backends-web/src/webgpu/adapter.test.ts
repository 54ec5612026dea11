import { describe, expect, it } from 'vitest';
import { adapterFacts, kindOf } from './adapter.ts';

const nothing = { vendor: '', architecture: '', device: '', description: '' };

describe('kindOf', () => {
  it.each([
    [
      { vendor: 'google', architecture: 'swiftshader', description: 'SwiftShader driver 5.0.0' },
      'SwiftShader driver 5.0.0',
    ],
    [
      { vendor: 'mesa', architecture: '', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' },
      'llvmpipe (LLVM 15.0.6, 256 bits)',
    ],
    [
      { vendor: 'microsoft', architecture: '', device: 'Microsoft Basic Render Driver' },
      'Microsoft Basic Render Driver',
    ],
    [{ vendor: 'intel', isFallbackAdapter: true }, 'intel'],
  ])('takes %o for software', (info, name) => {
    expect(kindOf({ ...nothing, ...info })).toEqual({ kind: 'software', name });
  });

  it.each([
    [{ vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H200' }, 'NVIDIA H200', undefined],
    [
      { vendor: 'nvidia', device: 'nvidia-h200', description: 'NVIDIA: 580.159.04 580.159.4.0' },
      'nvidia-h200',
      'NVIDIA: 580.159.04 580.159.4.0',
    ],
    [
      { vendor: 'nvidia', architecture: 'hopper', device: '0x2335', description: 'NVIDIA: 580.159.04 580.159.4.0' },
      'nvidia hopper 0x2335',
      'NVIDIA: 580.159.04 580.159.4.0',
    ],
    [
      { vendor: 'amd', architecture: 'rdna-3', description: 'radv: Mesa 25.0.7-2' },
      'amd rdna-3',
      'radv: Mesa 25.0.7-2',
    ],
    [{ vendor: 'apple', architecture: 'metal-3' }, 'apple metal-3', undefined],
    [{ description: 'D3D12 driver version 31.0.15' }, 'D3D12 driver version 31.0.15', undefined],
    [{}, 'unknown', undefined],
  ])('takes %o for hardware', (info, name, driver) => {
    const expected = { kind: 'hardware', name, ...(driver === undefined ? {} : { driver }) };
    expect(kindOf({ ...nothing, ...info })).toEqual(expected);
  });
});

describe('adapterFacts', () => {
  it('has the driver among the features, since its version changes bits', () => {
    const card = { kind: 'hardware', name: 'nvidia-h200', driver: 'NVIDIA: 580.159.04' } as const;
    expect(adapterFacts(card, new Set(['subgroups', 'clip-distances']))).toEqual({
      device: 'gpu:nvidia-h200',
      features: 'clip-distances subgroups driver=NVIDIA: 580.159.04',
    });
    expect(adapterFacts({ kind: 'software', name: 'llvmpipe' }, []).features).toBe('');
  });
});
