/**
 * A benchmark's command line. A benchmark declares what it takes as values; help, types and complaints follow from them.
 *
 * Invariant: whatever is wrong is one sentence that names the argument, says what it takes and shows what came.
 */
import { parseArgs } from 'node:util';

/** One argument: how its text is read, and what it is without any. */
export interface Parameter<T> {
  /** Stands for the value in the help, such as `N`; empty for a flag that has none. */
  readonly placeholder: string;
  /** For the help: what it is, and its default. */
  readonly help: string;
  /** What it takes, as in `--rounds takes …`. */
  readonly takes: string;
  /** @returns undefined if the text is none that it takes. */
  readonly read: (text: string) => T | undefined;
  /** The value without a text; undefined if there must be one. */
  readonly byDefault: { readonly value: T } | undefined;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** The values of arguments by their names. */
export type Values<P extends Parameters> = { readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never };

/** What a benchmark takes: words in their order, and flags. */
export interface Signature<Words extends Parameters, Flags extends Parameters> {
  readonly words: Words;
  readonly flags: Flags;
}

/** A command line that a benchmark does not take; the message is for the user. */
export class ArgumentError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'ArgumentError';
  }
}

/**
 * Reads a command line.
 *
 * @returns the values, or `help` if that was asked for.
 * @throws ArgumentError for the first thing that is wrong.
 */
export function readArguments<Words extends Parameters, Flags extends Parameters>(
  { words, flags }: Signature<Words, Flags>,
  args: readonly string[],
): (Values<Words> & Values<Flags>) | 'help' {
  const { values, positionals } = parse(flags, args);
  if (values['help'] === true) return 'help';
  const names = Object.keys(words);
  if (positionals.length > names.length) {
    throw new ArgumentError(`there is no place for ${positionals[names.length]}: --help says what is taken`);
  }
  const found: Record<string, unknown> = {};
  for (const [place, name] of names.entries()) {
    found[name] = valueOf(words[name], name.toUpperCase(), positionals[place]);
  }
  for (const [name, flag] of Object.entries(flags)) found[name] = valueOf(flag, `--${name}`, values[name]);
  return found as Values<Words> & Values<Flags>;
}

function parse(
  flags: Parameters,
  args: readonly string[],
): { values: Readonly<Record<string, string | boolean | undefined>>; positionals: readonly string[] } {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { placeholder }]) => [
      name,
      { type: placeholder === '' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean' } }, allowPositionals: true });
  } catch (error) {
    // Node goes on with advice on how to quote; its first sentence says what is wrong.
    const [sentence] = (error as Error).message.split(/\.\s/);
    throw new ArgumentError(`${sentence}: --help says what is taken`);
  }
}

function valueOf(parameter: Parameter<unknown>, name: string, text: string | boolean | undefined): unknown {
  if (text === true) return true;
  if (typeof text !== 'string') {
    if (parameter.byDefault) return parameter.byDefault.value;
    throw new ArgumentError(`${name} takes ${parameter.takes}, and is missing`);
  }
  const value = parameter.read(text);
  if (value === undefined)
    throw new ArgumentError(`${name} takes ${parameter.takes}, not ${text === '' ? "''" : text}`);
  return value;
}

/** The lines of `--help` below the first. */
export function helpOf({ words, flags }: Signature<Parameters, Parameters>): string {
  const rows = [
    ...Object.entries(words).map(([name, { help }]) => [name.toUpperCase(), help]),
    ...Object.entries(flags).map(([name, { placeholder, help }]) => [`--${name} ${placeholder}`.trimEnd(), help]),
    ['--help', 'prints this'],
  ];
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`).join('\n');
}

/** A whole number of at least 1. */
export function count(byDefault: number, help: string): Parameter<number> {
  return {
    placeholder: 'N',
    help: `${help} (${byDefault})`,
    takes: 'a whole number, 1 or more',
    read: wholeNumber,
    byDefault: { value: byDefault },
  };
}

/** One of some words. */
export function choice<T extends string>(all: readonly T[], byDefault: T, help: string): Parameter<T> {
  return {
    placeholder: 'NAME',
    help: `${help}: ${all.join(', ')} (${byDefault})`,
    takes: `one of ${all.join(', ')}`,
    read: (text) => all.find((each) => each === text),
    byDefault: { value: byDefault },
  };
}

/** Some of several words, separated by commas; all of them by default. */
export function choices<T extends string>(all: readonly T[], help: string): Parameter<readonly T[]> {
  return {
    placeholder: 'LIST',
    help: `${help}: some of ${all.join(',')} (all)`,
    takes: `some of ${all.join(', ')}, separated by commas`,
    read: (text) => listOf(text, (part) => all.find((each) => each === part)),
    byDefault: { value: all },
  };
}

/** Some of several words, separated by commas, or `none`; all of them by default. */
export function choicesOrNone<T extends string>(all: readonly T[], help: string): Parameter<readonly T[]> {
  const some = choices(all, help);
  return {
    ...some,
    help: `${help}: some of ${all.join(',')}, or none (all)`,
    takes: `some of ${all.join(', ')}, separated by commas, or none`,
    read: (text) => (text === 'none' ? [] : some.read(text)),
  };
}

/** Whole numbers of at least 1, each once, separated by commas. */
export function counts(byDefault: readonly number[], help: string): Parameter<readonly number[]> {
  return {
    placeholder: 'LIST',
    help: `${help} (${byDefault.join(',')})`,
    takes: 'different whole numbers, 1 or more, separated by commas',
    read: (text) => {
      const values = listOf(text, wholeNumber);
      return values && new Set(values).size === values.length ? values : undefined;
    },
    byDefault: { value: byDefault },
  };
}

/** As {@link counts}, but may be left out. */
export function optionalCounts(help: string): Parameter<readonly number[] | undefined> {
  return { ...counts([], help), help, byDefault: { value: undefined } };
}

/** Powers of two, separated by commas. */
export function powersOfTwo(byDefault: readonly number[], help: string): Parameter<readonly number[]> {
  return {
    placeholder: 'LIST',
    help: `${help} (${byDefault.join(',')})`,
    takes: 'powers of two, separated by commas',
    read: (text) =>
      listOf(text, (part) => {
        const value = wholeNumber(part);
        return value !== undefined && Number.isInteger(Math.log2(value)) ? value : undefined;
      }),
    byDefault: { value: byDefault },
  };
}

/** A power of two. */
export function powerOfTwo(byDefault: number, help: string): Parameter<number> {
  const one = powersOfTwo([byDefault], help);
  return {
    ...one,
    placeholder: 'N',
    takes: 'a power of two',
    read: (text) => {
      const values = one.read(text);
      return values?.length === 1 ? values[0] : undefined;
    },
    byDefault: { value: byDefault },
  };
}

/** Numbers above zero, separated by commas. */
export function positives(byDefault: readonly number[], help: string): Parameter<readonly number[]> {
  return {
    placeholder: 'LIST',
    help: `${help} (${byDefault.join(',')})`,
    takes: 'numbers above zero, separated by commas',
    read: (text) =>
      listOf(text, (part) => {
        const value = decimal(part);
        return value !== undefined && value > 0 ? value : undefined;
      }),
    byDefault: { value: byDefault },
  };
}

/** A number above zero. */
export function positive(byDefault: number, help: string): Parameter<number> {
  return {
    placeholder: 'N',
    help: `${help} (${byDefault})`,
    takes: 'a number above zero',
    read: (text) => {
      const value = decimal(text);
      return value !== undefined && value > 0 ? value : undefined;
    },
    byDefault: { value: byDefault },
  };
}

/** A number from 0 to 1. */
export function share(byDefault: number, help: string): Parameter<number> {
  return {
    placeholder: 'SHARE',
    help: `${help} (${byDefault})`,
    takes: 'a share between 0 and 1',
    read: (text) => {
      const value = decimal(text);
      return value !== undefined && value <= 1 ? value : undefined;
    },
    byDefault: { value: byDefault },
  };
}

/** A whole number of at least 1 that may be left out. */
export function optionalCount(help: string): Parameter<number | undefined> {
  return {
    placeholder: 'N',
    help,
    takes: 'a whole number, 1 or more',
    read: wholeNumber,
    byDefault: { value: undefined },
  };
}

/** A folder. */
export function folder(byDefault: string, help: string): Parameter<string> {
  return {
    placeholder: 'FOLDER',
    help: `${help} (${byDefault})`,
    takes: help,
    read: nonEmpty,
    byDefault: { value: byDefault },
  };
}

/** A path or another text that may be left out. */
export function optional(placeholder: string, help: string): Parameter<string | undefined> {
  return { placeholder, help, takes: help, read: nonEmpty, byDefault: { value: undefined } };
}

/** A flag without a value: whether it is there. */
export function given(help: string): Parameter<boolean> {
  return { placeholder: '', help, takes: 'no value', read: () => undefined, byDefault: { value: false } };
}

/** A path or another text that must be there. */
export function required(placeholder: string, help: string): Parameter<string> {
  return { placeholder, help, takes: help, read: nonEmpty, byDefault: undefined };
}

function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function wholeNumber(text: string): number | undefined {
  const value = /^[0-9]+$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(value) && value >= 1 ? value : undefined;
}

/** A finite number of at least 0, such as `25` or `0.1`. */
function decimal(text: string): number | undefined {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** @returns undefined if one part is wrong. */
function listOf<T>(text: string, read: (part: string) => T | undefined): readonly T[] | undefined {
  const values = text.split(',').map(read);
  return values.every((value): value is T & {} => value !== undefined) ? values : undefined;
}
