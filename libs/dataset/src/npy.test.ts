import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetError } from './errors.ts';
import { MAX_NPY_HEADER, NPY_PREAMBLE_BYTES, parseNpyHeader, parseNpyPreamble } from './npy.ts';
import { npyFile } from './testing/index.ts';

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof DatasetError) return error.code;
    throw error;
  }
  return 'none';
}

function parse(bytes: Uint8Array) {
  const { headerStart, dataStart } = parseNpyPreamble(bytes.subarray(0, NPY_PREAMBLE_BYTES), 'x');
  return { ...parseNpyHeader(bytes.subarray(headerStart, dataStart), 'x'), dataStart };
}

const header = (dict: string) => parseNpyHeader(new TextEncoder().encode(dict), 'x');

describe('an .npy header', () => {
  it('says what was written, in each version and for any rank', () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(shapes, fc.constantFrom('|u1', '<f4', '<i8'), fc.constantFrom(1, 2, 3), (shape, dtype, version) => {
        const bytes = npyFile({ dtype, shape }, Uint8Array.of(1, 2), version);
        expect(parse(bytes)).toEqual({ dtype, shape, dataStart: bytes.length - 2 });
      }),
    );
  });

  it.each([
    ["{'shape': (3,), 'fortran_order': False, 'descr': '|u1'}", [3]],
    ["{'descr':'|u1','fortran_order':False,'shape':(60000L, 28L)}  \n", [60_000, 28]],
    ["{'descr': '|u1', 'fortran_order': True, 'shape': (3,), }", [3]],
    ["{'descr': '|u1', 'fortran_order': False, 'shape': (), }", []],
  ])('%s', (dict, shape) => {
    expect(header(dict).shape).toEqual(shape);
  });

  it.each([
    ['nothing', '', 'npy-header'],
    ['no dict', '(1, 2)', 'npy-header'],
    ['no shape', "{'descr': '|u1', 'fortran_order': False, }", 'npy-header'],
    ['a key of its own', "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), 'x': 1, }", 'npy-header'],
    ['code in a shape', "{'descr': '|u1', 'fortran_order': False, 'shape': (3*10**9,), }", 'npy-header'],
    ['negative numbers', "{'descr': '|u1', 'fortran_order': False, 'shape': (-3,), }", 'npy-header'],
    ['a huge number', `{'descr': '|u1', 'fortran_order': False, 'shape': (${'9'.repeat(20)},), }`, 'npy-header'],
    ['records', "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (3,), }", 'npy-dtype'],
    ['columns first', "{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2), }", 'npy-order'],
  ])('with %s is refused', (_, dict, code) => {
    expect(codeOf(() => header(dict))).toBe(code);
  });

  it('is refused for another magic, a newer version, a longer header, a short file', () => {
    const bytes = npyFile({ dtype: '|u1', shape: [1] }, Uint8Array.of(0), 2);
    expect(codeOf(() => parse(Buffer.from('PK\x03\x04 an .npz file')))).toBe('npy-magic');
    expect(codeOf(() => parse(bytes.subarray(0, 8)))).toBe('npy-truncated');
    bytes.writeUInt32LE(MAX_NPY_HEADER, 8);
    expect(codeOf(() => parseNpyPreamble(bytes, 'x'))).toBe('none');
    bytes.writeUInt32LE(MAX_NPY_HEADER + 1, 8);
    expect(codeOf(() => parseNpyPreamble(bytes, 'x'))).toBe('npy-header');
    bytes.writeUInt8(4, 6);
    expect(codeOf(() => parse(bytes))).toBe('npy-header');
  });

  it('never crashes on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (tail, text) => {
        const start = Uint8Array.from([...Buffer.from('\x93NUMPY\x01\x00\xb0\x00', 'latin1'), ...tail]);
        expect(codeOf(() => parse(start))).toMatch(/^(none|npy-)/);
        expect(codeOf(() => header(`{${text}}`))).toMatch(/^(none|npy-)/);
      }),
    );
  });
});
