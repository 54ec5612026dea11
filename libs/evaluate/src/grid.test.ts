import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { IMAGE_BYTES, sampleGrid } from './grid.ts';

/** Image k is filled with k, save for its pixel (1, 2), which is 255. */
function images(count: number): Uint8Array {
  return Uint8Array.from({ length: count * IMAGE_BYTES }, (_, index) =>
    index % IMAGE_BYTES === 28 + 2 ? 255 : Math.floor(index / IMAGE_BYTES),
  );
}

describe('sampleGrid', () => {
  it('puts each image in its place', () => {
    const { width, height, data, channels, depth } = decode(sampleGrid(images(11), 11));
    expect({ width, height, channels, depth }).toEqual({ width: 242, height: 62, channels: 1, depth: 8 });
    for (let index = 0; index < 11; index++) {
      const left = 2 + (index % 8) * 30;
      const top = 2 + Math.floor(index / 8) * 30;
      expect(data[top * width + left]).toBe(index);
      expect(data[(top + 27) * width + left + 27]).toBe(index);
      expect(data[(top + 1) * width + left + 2]).toBe(255);
      expect(data[(top + 28) * width + left]).toBe(64);
    }
    expect(data[(2 + 30) * width + 2 + 3 * 30]).toBe(64);
  });

  it('is no wider than what it holds', () => {
    expect(decode(sampleGrid(images(1), 1))).toMatchObject({ width: 32, height: 32 });
    expect(decode(sampleGrid(images(6), 6, 3))).toMatchObject({ width: 92, height: 62 });
  });

  it('is a PNG, the same each time', () => {
    const png = sampleGrid(images(64), 64);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect(sampleGrid(images(64), 64)).toEqual(png);
  });

  it('refuses what is not so many images', () => {
    expect(() => sampleGrid(images(2), 3)).toThrow(RangeError);
    expect(() => sampleGrid(images(0), 0)).toThrow('at least one image');
    expect(() => sampleGrid(images(1), 1, 0)).toThrow('one column');
    expect(() => sampleGrid(images(600), 600, 600)).toThrow('too large');
  });
});
