import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from './npy.ts';

const IMAGE_BYTES = 784;
const shape = [28, 28, 1] as const;

/** A reader by the format's text, independent of the writer. */
function decode(bytes: Uint8Array): { header: string; start: number; data: Uint8Array } {
  expect(String.fromCharCode(...bytes.subarray(0, 8))).toBe('\x93NUMPY\x01\x00');
  const start = 10 + bytes[8] + 256 * bytes[9];
  return { header: String.fromCharCode(...bytes.subarray(10, start)), start, data: bytes.subarray(start) };
}

describe('encodeNpy', () => {
  it('is a version 1.0 file of bytes with an aligned header', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.integer(), (count, seed) => {
        const images = Uint8Array.from({ length: count * IMAGE_BYTES }, (_, index) => (index * 31 + seed) & 255);
        const { header, start, data } = decode(encodeNpy(images, { count, shape }));
        expect(start % 64).toBe(0);
        expect(header).toMatch(/^\{'descr': '\|u1', 'fortran_order': False, 'shape': \([0-9]+, 28, 28\), \} *\n$/);
        expect(header).toContain(`'shape': (${count}, 28, 28)`);
        expect(data).toEqual(images);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps the channels of colours', () => {
    const { header } = decode(encodeNpy(new Uint8Array(24), { count: 2, shape: [2, 2, 3] }));
    expect(header).toContain("'shape': (2, 2, 2, 3)");
  });

  it('refuses what is not so many images', () => {
    expect(() => encodeNpy(new Uint8Array(IMAGE_BYTES), { count: 2, shape })).toThrow(RangeError);
  });
});
