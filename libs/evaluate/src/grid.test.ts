import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { sampleGrid, samplePngs } from './grid.ts';

const IMAGE_BYTES = 784;
const shape = [28, 28, 1] as const;

/** Image k is filled with k, save for its pixel (1, 2), which is 255. */
function images(count: number): Uint8Array {
  return Uint8Array.from({ length: count * IMAGE_BYTES }, (_, index) =>
    index % IMAGE_BYTES === 28 + 2 ? 255 : Math.floor(index / IMAGE_BYTES),
  );
}

describe('sampleGrid', () => {
  it('puts each image in its place', () => {
    const { width, height, data, channels, depth } = decode(sampleGrid(images(11), { count: 11, shape }));
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
    expect(decode(sampleGrid(images(1), { count: 1, shape }))).toMatchObject({ width: 32, height: 32 });
    expect(decode(sampleGrid(images(6), { count: 6, shape, columns: 3 }))).toMatchObject({ width: 92, height: 62 });
  });

  it('fills columns where the number of rows is said', () => {
    const { width, height, data } = decode(sampleGrid(images(7), { count: 7, shape, rows: 3 }));
    expect({ width, height }).toEqual({ width: 92, height: 92 });
    for (let index = 0; index < 7; index++) {
      const left = 2 + Math.floor(index / 3) * 30;
      const top = 2 + (index % 3) * 30;
      expect(data[top * width + left]).toBe(index);
    }
    expect(data[(2 + 30) * width + 2 + 2 * 30]).toBe(64);
    expect(decode(sampleGrid(images(2), { count: 2, shape, rows: 3 }))).toMatchObject({ width: 32, height: 62 });
  });

  it('is a PNG, the same each time', () => {
    const png = sampleGrid(images(64), { count: 64, shape });
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect(sampleGrid(images(64), { count: 64, shape })).toEqual(png);
  });

  it('takes colours and any height and width', () => {
    const two = Uint8Array.from({ length: 2 * 3 * 2 * 3 }, (_, index) => index);
    const { width, height, data, channels } = decode(sampleGrid(two, { count: 2, shape: [3, 2, 3] }));
    expect({ width, height, channels }).toEqual({ width: 10, height: 7, channels: 3 });
    expect([...data.subarray((2 * 10 + 2) * 3, (2 * 10 + 4) * 3)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...data.subarray((4 * 10 + 6) * 3, (4 * 10 + 8) * 3)]).toEqual([30, 31, 32, 33, 34, 35]);
    expect(() => sampleGrid(new Uint8Array(8), { count: 1, shape: [2, 2, 2] })).toThrow('1 or 3 channels');
  });

  it('refuses what is not so many images', () => {
    expect(() => sampleGrid(images(2), { count: 3, shape })).toThrow(RangeError);
    expect(() => sampleGrid(images(0), { count: 0, shape })).toThrow('at least one image');
    expect(() => sampleGrid(images(1), { count: 1, shape, columns: 0 })).toThrow('one column');
    expect(() => sampleGrid(images(1), { count: 1, shape, rows: 0 })).toThrow('one row');
    expect(() => sampleGrid(images(600), { count: 600, shape, columns: 600 })).toThrow('too large');
  });
});

describe('samplePngs', () => {
  it('is each image by itself, in order by name', () => {
    const files = samplePngs(images(11), { count: 11, shape });
    expect(files.map(({ name }) => name).sort()).toEqual(files.map(({ name }) => name));
    expect([files[0].name, files[10].name]).toEqual(['00.png', '10.png']);
    for (const [index, { bytes }] of files.entries()) {
      const { width, height, channels, depth, data } = decode(bytes);
      expect({ width, height, channels, depth }).toEqual({ width: 28, height: 28, channels: 1, depth: 8 });
      expect(data).toEqual(images(11).slice(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES));
    }
    expect(samplePngs(images(1), { count: 1, shape })[0].name).toBe('0.png');
  });

  it('refuses what is not so many images, or has other colours', () => {
    expect(() => samplePngs(images(2), { count: 3, shape })).toThrow('are not 3 images');
    expect(() => samplePngs(new Uint8Array(8), { count: 1, shape: [2, 2, 2] })).toThrow('1 or 3 channels');
  });
});
