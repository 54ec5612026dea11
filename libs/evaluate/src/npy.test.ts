import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IMAGE_BYTES } from './grid.ts';
import { encodeNpy } from './npy.ts';

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
        const { header, start, data } = decode(encodeNpy(images, count));
        expect(start % 64).toBe(0);
        expect(header).toMatch(/^\{'descr': '\|u1', 'fortran_order': False, 'shape': \([0-9]+, 28, 28\), \} *\n$/);
        expect(header).toContain(`'shape': (${count}, 28, 28)`);
        expect(data).toEqual(images);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses what is not so many images', () => {
    expect(() => encodeNpy(new Uint8Array(IMAGE_BYTES), 2)).toThrow(RangeError);
  });
});
