/**
 * Values that parsers fall over: the edges of every number type, text that is empty, long, or full of control characters,
 * maps with thousands of keys, nesting as deep as a header has room for, and types that no message uses.
 */
import type { Dice } from './dice.ts';

const NUMBERS = [
  0,
  -0,
  -1,
  1,
  0.5,
  NaN,
  Infinity,
  -Infinity,
  255,
  2 ** 31,
  2 ** 32 - 1,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  2 ** 63,
  -(2 ** 31),
  1e15,
  1e308,
  -1e308,
  5e-324,
];

const TEXTS = [
  '',
  ' ',
  '\0',
  '\u001b[2J\u001b]0;owned\u0007',
  'line\nbreak\r',
  '\u202eright to left',
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  '../../etc',
  '🦊'.repeat(30),
  '%s%n{}',
];

const LONG_TEXTS = [1, 39, 40, 41, 120, 121, 200, 1000, 1001, 4096, 16_345].map((length) => 'x'.repeat(length));
const MAPS = [1, 24, 25, 330, 3900].map((count) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [i.toString(36), i % 2 === 0 ? i : ''])),
);
const NESTED = [1, 2, 50, 400].map(nested);
const LISTS = [0, 1, 500].map((length) => Array.from({ length }, (_, i) => i));

/** Any value; most are small, one in some fifty fills a header. */
export function hostileValue(dice: Dice): unknown {
  switch (dice.below(10)) {
    case 0:
    case 1:
    case 2:
      return dice.of(NUMBERS);
    case 3:
    case 4:
      return dice.of(TEXTS);
    case 5:
      return dice.chance(0.8) ? dice.of(LONG_TEXTS.slice(0, 7)) : dice.of(LONG_TEXTS);
    case 6:
      return dice.of([null, undefined, true, false, 2n ** 63n, -(2n ** 63n), new Date(8.64e15)]);
    case 7:
      return dice.chance(0.8) ? dice.of(MAPS.slice(0, 3)) : dice.of(MAPS);
    case 8:
      return dice.of(NESTED);
    default:
      return dice.of([{}, new Uint8Array(dice.below(300)), ...LISTS]);
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}
