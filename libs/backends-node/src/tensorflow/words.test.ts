import { describe, expect, it } from 'vitest';
import { complaintsIn, lacksLibraries, withoutNoise } from './words.ts';

const NOISE = [
  'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
  'I0000 00:00:1795837671.148610   16307 port.cc:153] oneDNN custom operations are on. You may see slightly different',
];
const CUINIT =
  'E0000 00:00:1795837672.686131   16307 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)';
const DLOPEN =
  'W0000 00:00:1795837680.000001   16307 gpu_device.cc:2365] Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed properly.';

describe('withoutNoise', () => {
  it('keeps what tells a user something', () => {
    expect(withoutNoise([...NOISE, '', CUINIT, ''].join('\n'))).toEqual([CUINIT]);
  });
});

describe('complaintsIn', () => {
  it('takes warnings and errors without the place in the source', () => {
    expect(complaintsIn([...NOISE, CUINIT, DLOPEN, 'Skipping registering GPU devices...', CUINIT].join('\n'))).toBe(
      'failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303) | ' +
        'Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed properly.',
    );
    expect(complaintsIn([...NOISE, 'I0000 00:00:1.2   3 a.cc:1] told'].join('\n'))).toBe('');
  });

  it('has the last ones and a bounded length, however many there are', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `E0000 00:00:1.2   3 a.cc:1] ${i} ${'x'.repeat(5000)}`);
    const text = complaintsIn(many.join('\n'));
    expect(text.startsWith('997 x')).toBe(true);
    expect(text.length).toBeLessThan(800);
  });
});

describe('lacksLibraries', () => {
  it('tells missing libraries from a driver that fails', () => {
    expect(lacksLibraries(complaintsIn(DLOPEN))).toBe(true);
    expect(lacksLibraries("Could not load dynamic library 'libcusolver.so.11'")).toBe(true);
    expect(lacksLibraries(complaintsIn(CUINIT))).toBe(false);
  });
});
