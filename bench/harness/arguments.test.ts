import { describe, expect, test } from 'vitest';
import {
  choice,
  choices,
  choicesOrNone,
  count,
  counts,
  folder,
  given,
  helpOf,
  optional,
  optionalCount,
  optionalCounts,
  positive,
  positives,
  powersOfTwo,
  readArguments,
  required,
  share,
} from './arguments.ts';
import type { Parameter } from './arguments.ts';

const read = <T>(parameter: Parameter<T>, text?: string) =>
  readArguments({ words: {}, flags: { it: parameter } }, text === undefined ? [] : ['--it', text]);

const value = <T>(parameter: Parameter<T>, text?: string) => {
  const values = read(parameter, text);
  return values === 'help' ? values : values.it;
};

describe('a count', () => {
  const parameter = count(3, 'rounds');

  test.each([
    ['1', 1],
    ['2', 2],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('takes %s', (text, expected) => expect(value(parameter, text)).toBe(expected));

  test.each(['0', '9007199254740992', '1.5', '1e3', '0x10', ' 1', 'one', ''])("refuses '%s'", (text) => {
    expect(() => read(parameter, text)).toThrow(
      `--it takes a whole number, 1 or more, not ${text === '' ? "''" : text}`,
    );
  });

  test('is its default where there is none', () => expect(value(parameter)).toBe(3));
});

describe('a share', () => {
  const parameter = share(0.1, 'share');

  test.each([
    ['0', 0],
    ['0.25', 0.25],
    ['1', 1],
    ['1.0', 1],
  ])('takes %s', (text, expected) => expect(value(parameter, text)).toBe(expected));

  test.each(['1.01', '.5', 'NaN', '1e-3', ''])("refuses '%s'", (text) => {
    expect(() => read(parameter, text)).toThrow('--it takes a share between 0 and 1');
  });

  test('below 0 looks like a flag and is refused', () => {
    expect(() => read(parameter, '-0.01')).toThrow(/^Option '--it' argument is ambiguous/);
    expect(() => readArguments({ words: {}, flags: { it: parameter } }, ['--it=-0.01'])).toThrow('--it takes a share');
  });
});

describe('lists', () => {
  test('of powers of two', () => {
    const parameter = powersOfTwo([1, 2], 'workers');
    expect(value(parameter, '1,64,1024')).toEqual([1, 64, 1024]);
    for (const text of ['0', '3', '2,3', '2,', '0.5', '2,,4']) {
      expect(() => read(parameter, text)).toThrow('--it takes powers of two, separated by commas, not');
    }
  });

  test('of numbers above zero', () => {
    const parameter = positives([10], 'Gbit/s');
    expect(value(parameter, '0.1,25')).toEqual([0.1, 25]);
    for (const text of ['0', '1,0', '1,Infinity', '']) {
      expect(() => read(parameter, text)).toThrow('--it takes numbers above zero, separated by commas');
    }
  });

  test('of some words, all of them by default', () => {
    const parameter = choices(['f32', 'int8'], 'codecs');
    expect(value(parameter)).toEqual(['f32', 'int8']);
    expect(value(parameter, 'int8')).toEqual(['int8']);
    expect(() => read(parameter, 'int8,f64')).toThrow(
      '--it takes some of f32, int8, separated by commas, not int8,f64',
    );
  });
});

test('some words, or none of them', () => {
  const parameter = choicesOrNone(['pytorch', 'tensorflow'], 'peers');
  expect([value(parameter), value(parameter, 'none'), value(parameter, 'pytorch')]).toEqual([
    ['pytorch', 'tensorflow'],
    [],
    ['pytorch'],
  ]);
  expect(() => read(parameter, 'none,pytorch')).toThrow(
    '--it takes some of pytorch, tensorflow, separated by commas, or none, not none,pytorch',
  );
});

test('different whole numbers', () => {
  const parameter = counts([1, 2, 3], 'seeds');
  expect([value(parameter), value(parameter, '7,5')]).toEqual([
    [1, 2, 3],
    [7, 5],
  ]);
  for (const text of ['1,1', '0', '1,', '1.5']) {
    expect(() => read(parameter, text)).toThrow('--it takes different whole numbers, 1 or more, separated by commas');
  }
});

test('numbers that may be left out, and a flag without a value', () => {
  expect([value(optionalCounts('samples')), value(optionalCounts('samples'), '64,256')]).toEqual([
    undefined,
    [64, 256],
  ]);
  expect(() => read(optionalCounts('samples'), '0')).toThrow('--it takes different whole numbers');
  const flags = { gpu: given('on a GPU') };
  expect(readArguments({ words: {}, flags }, ['--gpu'])).toEqual({ gpu: true });
  expect(readArguments({ words: {}, flags }, [])).toEqual({ gpu: false });
  expect(() => readArguments({ words: {}, flags }, ['--gpu=yes'])).toThrow("Option '--gpu' does not take an argument");
  expect(helpOf({ words: {}, flags })).toBe('  --gpu   on a GPU\n  --help  prints this');
});

test('a number above zero, a count that may be left out, a folder', () => {
  expect([value(positive(10, 'minutes')), value(positive(10, 'minutes'), '0.2')]).toEqual([10, 0.2]);
  for (const text of ['0', '1e3', '']) {
    expect(() => read(positive(10, 'minutes'), text)).toThrow('--it takes a number above zero');
  }
  expect([value(optionalCount('images')), value(optionalCount('images'), '9')]).toEqual([undefined, 9]);
  expect(() => read(optionalCount('images'), '0')).toThrow('--it takes a whole number, 1 or more, not 0');
  expect([value(folder('runs', 'results')), value(folder('runs', 'results'), 'x')]).toEqual(['runs', 'x']);
});

test('one of some words', () => {
  const parameter = choice(['yes', 'no'], 'no', 'software');
  expect([value(parameter), value(parameter, 'yes')]).toEqual(['no', 'yes']);
  expect(() => read(parameter, 'y')).toThrow('--it takes one of yes, no, not y');
});

test('a text that may, and one that must be there', () => {
  expect([value(optional('FILE', 'a file')), value(optional('FILE', 'a file'), 'x')]).toEqual([undefined, 'x']);
  expect(() => read(required('FILE', 'the report'))).toThrow('--it takes the report, and is missing');
  expect(() => read(required('FILE', 'the report'), '')).toThrow("--it takes the report, not ''");
});

describe('a command line', () => {
  const signature = { words: { rounds: count(5, 'rounds') }, flags: { steps: count(60, 'steps') } };

  test.each([
    [[], { rounds: 5, steps: 60 }],
    [['2'], { rounds: 2, steps: 60 }],
    [['--steps', '9', '2'], { rounds: 2, steps: 9 }],
    [['--steps=9'], { rounds: 5, steps: 9 }],
  ])('%j', (args, expected) => expect(readArguments(signature, args)).toEqual(expected));

  test.each([
    [['0'], 'ROUNDS takes a whole number, 1 or more, not 0'],
    [['2', 'x'], 'there is no place for x: --help says what is taken'],
    [['--rounds', '2'], "Unknown option '--rounds': --help says what is taken"],
    [['--steps'], "Option '--steps <value>' argument missing: --help says what is taken"],
    [['--help=no'], "Option '--help' does not take an argument: --help says what is taken"],
  ])('%j is refused with one sentence', (args, sentence) => {
    expect(() => readArguments(signature, args)).toThrow(sentence);
  });

  test('that asks for help gets it whatever else there is', () => {
    expect(readArguments(signature, ['0', '--help'])).toBe('help');
    expect(helpOf(signature)).toBe('  ROUNDS     rounds (5)\n  --steps N  steps (60)\n  --help     prints this');
  });
});
