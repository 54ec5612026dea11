import { describe, expect, it } from 'vitest';
import { choice, integer, isWithin, number, orNull, sha256, text } from './value.ts';
import type { Valued } from './value.ts';
import type { z } from 'zod';

const takes = ({ schema }: Valued<z.ZodType>, value: unknown) => schema.safeParse(value).success;

describe('isWithin', () => {
  it('holds a bound that may be reached, and one that may not', () => {
    expect([0, 1, -1e-9, 1.1].map((value) => isWithin({ min: 0, max: 1 }, value))).toEqual([true, true, false, false]);
    expect([0, 0.5, 1].map((value) => isWithin({ above: 0, below: 1 }, value))).toEqual([false, true, false]);
  });

  it('holds it for the 32-bit float as well', () => {
    expect(isWithin({ above: 0 }, 1e-50)).toBe(false);
    expect(isWithin({ below: 1 }, 1 - 1e-12)).toBe(false);
    expect(isWithin({ min: 0 }, -1e-50)).toBe(false);
  });

  it('takes nothing that is infinite or no number', () => {
    expect([Infinity, -Infinity, NaN, 1e39].map((value) => isWithin({}, value))).toEqual([false, false, false, false]);
  });
});

describe('a schema', () => {
  it.each<[string, Valued<z.ZodType>, readonly unknown[], readonly unknown[]]>([
    ['of whole numbers', integer({ min: 1, max: 8 }), [1, 8], [0, 9, 1.5, '1', null]],
    ['of powers of two', integer({ min: 1, max: 8, powerOfTwo: true }), [1, 2, 8], [3, 6, 16]],
    ['of numbers', number({ shows: 'X', above: 0 }), [1e-9, 3], [0, -1, NaN, '1']],
    ['of a choice', choice(['a', 'b']), ['a', 'b'], ['c', '', null]],
    ['of a text', text(/^x+$/, 'X'), ['x', 'xx'], ['', 'xy']],
    ['of a digest', sha256(), ['0f'.repeat(32)], ['0F'.repeat(32), '0f', null]],
    ['of a digest or none', orNull(sha256()), ['0f'.repeat(32), null], ['', undefined]],
  ])('%s takes these and refuses those', (_, valued, taken, refused) => {
    expect(taken.filter((value) => !takes(valued, value))).toEqual([]);
    expect(refused.filter((value) => takes(valued, value))).toEqual([]);
  });
});
