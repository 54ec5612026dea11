import { describe, expect, it } from 'vitest';
import { kindOf } from './adapter.ts';

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
    [{ vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H200' }, 'NVIDIA H200'],
    [{ vendor: 'apple', architecture: 'metal-3' }, 'apple metal-3'],
    [{}, 'unknown'],
  ])('takes %o for hardware', (info, name) => {
    expect(kindOf({ ...nothing, ...info })).toEqual({ kind: 'hardware', name });
  });
});
