import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Packr } from './msgpack.ts';
import { DEPTH_LIMIT, headerProblem, KEY_LIMIT, VALUE_LIMIT } from './plain-header.ts';

const plain = new Packr({ useRecords: false, variableMapSize: true });
const pack = (value: unknown) => plain.pack(value);
const bytesOf = (hex: string) =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
const nested = (depth: number): unknown => (depth === 1 ? {} : { a: nested(depth - 1) });
/** A map with so many keys and values. */
const wide = (values: number) => Object.fromEntries(Array.from({ length: (values - 1) / 2 }, (_, i) => [`k${i}`, i]));

describe('headerProblem', () => {
  it('takes whatever JSON can say, and tells where it ends', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 10 }), (header) => {
        const packed = pack(header);
        expect(headerProblem(packed)).toBeUndefined();
        expect(headerProblem(packed.subarray(0, packed.length - 1))).toBeDefined();
        expect(headerProblem(Uint8Array.of(...packed, 0xc0))).toBe('its header ends early');
      }),
    );
  });

  it('takes strings and numbers of every length', () => {
    const texts = [0, 31, 32, 255, 256, 5000].map((length) => 'x'.repeat(length));
    const numbers = [0, 127, 128, 256, 65_536, 2 ** 32, -1, -33, -129, -40_000, -(2 ** 33), 1.5, NaN];
    expect(headerProblem(pack({ texts, numbers, yes: true, no: false, nil: null }))).toBeUndefined();
  });

  it('takes as much as the limits and nothing above', () => {
    expect(headerProblem(pack(nested(DEPTH_LIMIT)))).toBeUndefined();
    expect(headerProblem(pack(nested(DEPTH_LIMIT + 1)))).toBe('its header is nested too deeply');
    expect(headerProblem(pack(wide(VALUE_LIMIT - 1)))).toBeUndefined();
    expect(headerProblem(pack(wide(VALUE_LIMIT + 1)))).toContain('more than 512');
    expect(headerProblem(pack({ ['k'.repeat(KEY_LIMIT)]: 1 }))).toBeUndefined();
    expect(headerProblem(pack({ ['k'.repeat(KEY_LIMIT + 1)]: 1 }))).toContain('more than 256 bytes');
  });

  it.each([
    ['nothing', '', 'cut short'],
    ['a key that is a number', '81 01 01', 'no string'],
    ['a key that is a map', '81 80 01', 'no string'],
    ['bytes', '81 a1 61 c4 01 00', 'no message has'],
    ['a date', '81 a1 61 d6 ff 00 00 00 00', 'no message has'],
    ['an undefined', '81 a1 61 d4 00 00', 'no message has'],
    ['an expression', '81 a1 61 c7 00 78 92 a1 78 a0', 'no message has'],
    ['a record', 'd4 72 40 91 a1 61 01', 'no message has'],
    ['a record inside', '81 a1 61 d4 72 40', 'no message has'],
    ['the byte that msgpack never uses', '81 a1 61 c1', 'no message has'],
    ['a map that claims four thousand million entries', 'df ff ff ff ff', 'cut short'],
    ['an array that does', '81 a1 61 dd ff ff ff ff', 'cut short'],
    ['a string that does', '81 a1 61 db ff ff ff ff', 'cut short'],
    ['a length cut short', '81 a1 61 da 00', 'cut short'],
    ['a number cut short', '81 a1 61 cb 00', 'cut short'],
  ])('refuses %s', (_, hex, problem) => {
    expect(headerProblem(bytesOf(hex))).toContain(problem);
  });

  it('needs no more time for a header that lies about its size', () => {
    const deep = new Uint8Array(16_384).fill(0x81);
    const before = performance.now();
    for (let i = 0; i < 1000; i++) headerProblem(deep);
    expect(performance.now() - before).toBeLessThan(1000);
  });
});
