import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetError } from './errors.ts';
import { decodeIdx } from './idx.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof DatasetError) return error.code;
    throw error;
  }
  return 'none';
}

describe('decodeIdx', () => {
  it('reads three dimensions', () => {
    const { shape, data } = decodeIdx(hex('00000803 00000002 00000001 00000003 010203 040506'), 'x', 3);
    expect(shape).toEqual([2, 1, 3]);
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('reads one dimension', () => {
    expect([...decodeIdx(hex('00000801 00000003 070809'), 'x', 1).data]).toEqual([7, 8, 9]);
  });

  it.each([
    ['an empty file', '', 'idx-truncated'],
    ['three bytes', '000008', 'idx-truncated'],
    ['half a header', '00000801 0000', 'idx-truncated'],
    ['one byte too few', '00000801 00000003 0708', 'idx-truncated'],
    ['one byte too many', '00000801 00000003 07080901', 'idx-count'],
    ['no elements', '00000801 00000000', 'idx-count'],
    ['floats', '00000d01 00000001 00000000', 'idx-magic'],
    ['another number of dimensions', '00000802 00000001 00000001 00', 'idx-magic'],
    ['another format', '89504e47 0d0a1a0a', 'idx-magic'],
    ['a byte above the limit', '00000801 40000001', 'idx-large'],
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(() => decodeIdx(hex(bytes), 'x', 1))).toBe(code);
  });

  it('asks for the bytes of a size at the limit, and no more', () => {
    expect(codeOf(() => decodeIdx(hex('00000801 40000000'), 'x', 1))).toBe('idx-truncated');
  });

  it('refuses a product that overflows 32 bits', () => {
    expect(codeOf(() => decodeIdx(hex('00000803 ffffffff ffffffff ffffffff'), 'x', 3))).toBe('idx-large');
  });

  it('never crashes on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (tail, sound) => {
        const bytes = sound ? Uint8Array.of(0, 0, 8, 1, ...tail) : tail;
        expect(['none', 'idx-truncated', 'idx-magic', 'idx-count', 'idx-large']).toContain(
          codeOf(() => decodeIdx(bytes, 'x', 1)),
        );
      }),
    );
  });
});
