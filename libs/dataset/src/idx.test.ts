import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetError } from './errors.ts';
import { assertIdxLength, parseIdxHeader } from './idx.ts';
import { idxFile } from './testing/index.ts';

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

/** A whole file. */
function check(bytes: Uint8Array, dimensions: number) {
  const header = parseIdxHeader(bytes, 'x', dimensions);
  assertIdxLength(bytes.length, header, 'x');
  return header;
}

describe('an idx header', () => {
  it('says shape and length', () => {
    expect(check(hex('00000803 00000002 00000001 00000003 010203 040506'), 3)).toEqual({
      shape: [2, 1, 3],
      headerBytes: 16,
      totalBytes: 22,
    });
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
  ])('refuses %s', (_, bytes, code) => {
    expect(codeOf(() => check(hex(bytes), 1))).toBe(code);
  });

  it.each([
    ['2^40 elements', '00000802 00100000 00100000', 2, 'idx-truncated'],
    ['2^48 elements', '00000803 00010000 00010000 00010000', 3, 'idx-truncated'],
    ['more than a number counts', '00000803 ffffffff ffffffff ffffffff', 3, 'data-large'],
  ])('that claims %s is refused without allocating it', (_, bytes, dimensions, code) => {
    expect(codeOf(() => check(hex(bytes), dimensions))).toBe(code);
  });

  it('says what was written, for any rank', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(shapes, (shape) => {
        const elements = shape.reduce((a, b) => a * b);
        fc.pre(elements < 10_000);
        expect(check(idxFile(shape, new Uint8Array(elements)), shape.length).shape).toEqual(shape);
      }),
    );
  });

  it('never crashes on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (tail, sound) => {
        const bytes = sound ? Uint8Array.of(0, 0, 8, 1, ...tail) : tail;
        expect(['none', 'idx-truncated', 'idx-magic', 'idx-count']).toContain(codeOf(() => check(bytes, 1)));
      }),
    );
  });
});
