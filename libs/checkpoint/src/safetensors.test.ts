import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from './errors.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
import type { SafetensorsContent, StoredTensor } from './safetensors.ts';

const join = (content: SafetensorsContent): Uint8Array => new Uint8Array(Buffer.concat(encodeSafetensors(content)));

/** A file with this header text and so many bytes of data. */
function file(header: string, dataBytes: number, announced = header.length): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(announced), true);
  bytes.set(new TextEncoder().encode(header), 8);
  return bytes;
}

function codeOf(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes, 'x');
  } catch (error) {
    if (error instanceof CheckpointError) return error.code;
    throw error;
  }
  return 'none';
}

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const tensor: fc.Arbitrary<StoredTensor> = fc
  .tuple(shape, fc.constantFrom('F32', 'F64', 'F16', 'U32', 'U8'))
  .chain(([dims, dtype]): fc.Arbitrary<StoredTensor> => {
    const size = dims.reduce((product, dimension) => product * dimension, 1);
    const elements = { minLength: size, maxLength: size };
    switch (dtype) {
      case 'F32':
        return fc.float32Array(elements).map((data) => ({ dtype, shape: dims, data }));
      case 'F64':
        return fc.float64Array(elements).map((data) => ({ dtype, shape: dims, data }));
      case 'F16':
        return fc.uint16Array(elements).map((data) => ({ dtype, shape: dims, data }));
      case 'U32':
        return fc.uint32Array(elements).map((data) => ({ dtype, shape: dims, data }));
      default:
        return fc.uint8Array(elements).map((data) => ({ dtype: 'U8' as const, shape: dims, data }));
    }
  });
const content = fc.record({
  tensors: fc.dictionary(
    fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
    tensor,
    { maxKeys: 6, noNullPrototype: true },
  ),
  metadata: fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.string({ unit: 'grapheme' }),
    { noNullPrototype: true },
  ),
});

describe('safetensors', () => {
  it('is the documented layout', () => {
    const bytes = join({
      tensors: { a: { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) } },
      metadata: { k: 'v' },
    });
    const header = '{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}';
    const headerBytes = Math.ceil(header.length / 8) * 8;
    expect(bytes[0]).toBe(headerBytes);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))).toBe(header.padEnd(headerBytes));
    expect([...bytes.subarray(8 + headerBytes)]).toEqual([1, 2, 3]);
  });

  it('gives back what it was given', () => {
    fc.assert(
      fc.property(content, fc.integer({ min: 0, max: 7 }), (given, offset) => {
        const bytes = join(given);
        // Whatever the alignment of the bytes that were read, the values are the same.
        const moved = new Uint8Array(bytes.length + offset);
        moved.set(bytes, offset);
        const { tensors, metadata } = decodeSafetensors(moved.subarray(offset), 'x');
        expect(metadata).toEqual(given.metadata);
        expect(tensors).toEqual(given.tensors);
      }),
    );
  });

  it('does not copy tensors when writing', () => {
    const data = new Float32Array(16);
    const chunks = encodeSafetensors({ tensors: { a: { dtype: 'F32', shape: [16], data } }, metadata: {} });
    expect(chunks[1].buffer).toBe(data.buffer);
  });

  it('refuses to write a shape that does not fit', () => {
    const data = new Float32Array(3);
    expect(() => encodeSafetensors({ tensors: { a: { dtype: 'F32', shape: [2], data } }, metadata: {} })).toThrow(
      'a is not F32 of shape [2]',
    );
  });

  const entry = (begin: number, end: number) =>
    `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
  it.each([
    ['nothing', new Uint8Array(), 'checkpoint-truncated'],
    ['half a length', new Uint8Array(7), 'checkpoint-truncated'],
    ['a length of zero', new Uint8Array(8), 'checkpoint-corrupt'],
    ['a huge length', new Uint8Array(8).fill(255), 'checkpoint-corrupt'],
    ['a length one above the limit', file('{}', 0, 16 * 2 ** 20 + 1), 'checkpoint-corrupt'],
    ['a length at the limit, without its header', file('{}', 0, 16 * 2 ** 20), 'checkpoint-truncated'],
    ['half a header', file('{}', 0, 3), 'checkpoint-truncated'],
    ['no JSON', file('{"a', 0), 'checkpoint-corrupt'],
    ['a list', file('[]', 0), 'checkpoint-corrupt'],
    ['leading space', file(' {}', 0), 'checkpoint-corrupt'],
    ['metadata that are numbers', file('{"__metadata__":{"a":1}}', 0), 'checkpoint-corrupt'],
    ['a tensor that is a string', file('{"a":"b"}', 0), 'checkpoint-corrupt'],
    ['an unknown dtype', file(`{"a":${entry(0, 2).replace('U8', 'F8')}}`, 2), 'checkpoint-corrupt'],
    ['a dtype of every object', file(`{"a":${entry(0, 2).replace('U8', 'constructor')}}`, 2), 'checkpoint-corrupt'],
    ['a negative dimension', file('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', 1), 'checkpoint-corrupt'],
    [
      'a shape of another size',
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}}', 5),
      'checkpoint-corrupt',
    ],
    [
      'offsets that run backwards',
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}', 1),
      'checkpoint-corrupt',
    ],
    ['a gap before', file(`{"a":${entry(1, 2)}}`, 2), 'checkpoint-corrupt'],
    ['a gap between', file(`{"a":${entry(0, 1)},"b":${entry(2, 3)}}`, 3), 'checkpoint-corrupt'],
    ['an overlap', file(`{"a":${entry(0, 2)},"b":${entry(1, 3)}}`, 3), 'checkpoint-corrupt'],
    ['a byte too few', file(`{"a":${entry(0, 2)}}`, 1), 'checkpoint-truncated'],
    ['a byte too many', file(`{"a":${entry(0, 2)}}`, 3), 'checkpoint-corrupt'],
    ['an order other than that of the offsets', file(`{"b":${entry(1, 3)},"a":${entry(0, 1)}}`, 3), 'none'],
  ])('answers %s', (_, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('never crashes on arbitrary headers', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(8), (header, dataBytes) => {
        expect(['none', 'checkpoint-truncated', 'checkpoint-corrupt']).toContain(codeOf(file(header, dataBytes)));
      }),
    );
  });
});
