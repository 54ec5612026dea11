import { deflateSync } from 'node:zlib';
import { decode } from 'fast-png';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetError } from './errors.ts';
import { decodePng } from './png.ts';
import { pngFile } from './testing/index.ts';
import type { PngOptions } from './testing/png-file.ts';

function codeOf(bytes: Uint8Array): string {
  try {
    decodePng(bytes, 'x.png');
  } catch (error) {
    if (error instanceof DatasetError) return error.code;
    throw error;
  }
  return 'none';
}

const small: PngOptions = { shape: [2, 2, 1], pixels: Uint8Array.of(1, 2, 3, 4) };

const images = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }))
  .chain(([height, width, channels]) =>
    fc.record({
      shape: fc.constant([height, width, channels] as [number, number, number]),
      pixels: fc.uint8Array({ minLength: height * width * channels, maxLength: height * width * channels }),
      filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: height, maxLength: height }),
      pieces: fc.integer({ min: 1, max: 3 }),
    }),
  );

describe('decodePng', () => {
  it('reads every kind of 8 bits with every filter, as another decoder does', () => {
    fc.assert(
      fc.property(images, (image) => {
        const bytes = pngFile(image);
        const { shape, pixels } = decodePng(bytes, 'x.png');
        expect(shape).toEqual(image.shape);
        expect(pixels).toEqual(image.pixels);
        expect(pixels).toEqual(decode(bytes).data);
      }),
    );
  });

  it('passes over chunks that say how to show it', () => {
    const extra = [
      ['gAMA', Uint8Array.of(0, 0, 1, 2)],
      ['tEXt', Buffer.from('a\0b')],
      ['iCCP', deflateSync(Buffer.alloc(10_000_000))],
    ] as const;
    expect(decodePng(pngFile({ ...small, extra }), 'x.png').pixels).toEqual(small.pixels);
  });

  it.each([
    ['a palette', { colour: 3 }, 'png-kind'],
    ['16 bits', { depth: 16 }, 'png-kind'],
    ['1 bit', { depth: 1 }, 'png-kind'],
    ['interlaced lines', { interlace: 1 }, 'png-kind'],
    ['an unknown colour type', { colour: 5 }, 'png-kind'],
    ['no width', { width: 0 }, 'png-damaged'],
    ['a claim of 2^31 by 2^31', { width: 2 ** 31, height: 2 ** 31 }, 'data-large'],
    ['a claim above the limit', { width: 4096, height: 4097 }, 'data-large'],
    ['a claim at the limit that is not true', { width: 4096, height: 4096 }, 'png-damaged'],
    ['fewer lines than it claims', { height: 3 }, 'png-damaged'],
    ['more lines than it claims', { height: 1 }, 'png-damaged'],
  ] as const)('refuses %s', (_, claims, code) => {
    expect(codeOf(pngFile({ ...small, claims }))).toBe(code);
  });

  it('inflates no more than the image', () => {
    const bomb = pngFile({ shape: [1024, 1024, 1], pixels: new Uint8Array(2 ** 20), claims: { width: 1, height: 1 } });
    expect(bomb.length).toBeLessThan(2 ** 11);
    expect(codeOf(bomb)).toBe('png-damaged');
  });

  it('refuses an unknown filter', () => {
    expect(codeOf(pngFile({ ...small, filters: [0, 5] }))).toBe('png-damaged');
  });

  it('refuses a file that is cut short anywhere or has a flipped bit anywhere', () => {
    const bytes = pngFile(small);
    for (let length = 0; length < bytes.length; length++) expect(codeOf(bytes.subarray(0, length))).toBe('png-damaged');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[at] ^= 1 << bit;
        expect(codeOf(flipped)).not.toBe('none');
      }),
    );
  });

  it('never crashes on arbitrary bytes', () => {
    const signature = pngFile(small).subarray(0, 33);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (tail) => {
        expect(codeOf(Buffer.concat([signature, tail]))).toBe('png-damaged');
        expect(codeOf(tail)).toBe('png-damaged');
      }),
    );
  });
});
