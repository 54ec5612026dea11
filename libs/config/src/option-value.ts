/** Reads one option's value from what a user wrote: text in a flag or a variable, a scalar in a file. */
import { isPowerOfTwo, isWithin } from '@gradcast/definition';
import type { NumberKind } from '@gradcast/definition';
import { NAME } from '@gradcast/protocol';
import { type OptionKind, type OptionSpec, type OptionValue } from './options.ts';
import { type Problem, quoted } from './problem.ts';
import { didYouMean } from './suggest.ts';

const ON = new Set(['true', '1', 'yes', 'on']);
const OFF = new Set(['false', '0', 'no', 'off']);

export type Reading = { readonly value: OptionValue } | { readonly problem: Problem };

/**
 * Reads a value.
 *
 * @param label how a sentence names the place, such as `--steps` or `GRADCAST_STEPS`.
 */
export function readValue(option: OptionSpec, written: unknown, label: string): Reading {
  const type = option.type;
  const text = typeof written === 'string' ? written.trim() : scalarText(written);
  if (text === null) return refuse('bad-text', `${label} must be a single value, but is ${quoted(written)}`);
  if (text === '') return refuse('empty-value', `${label} is empty`);
  switch (type.kind) {
    case 'switch':
      if (ON.has(text.toLowerCase())) return { value: true };
      if (OFF.has(text.toLowerCase())) return { value: false };
      return refuse('bad-switch', `${label} must be true or false, but is ${quoted(text)}`);
    case 'text':
      return readText(type, text, label);
    case 'choice': {
      if (type.choices.includes(text)) return { value: text };
      const code = option.name === 'preset' ? 'unknown-preset' : 'unknown-choice';
      const choices = `${type.choices.slice(0, -1).join(', ')} or ${type.choices.at(-1) ?? ''}`;
      return refuse(code, `${label} must be ${choices}, but is ${quoted(text)}${didYouMean(text, type.choices)}`);
    }
    case 'integer':
      return text === type.or ? { value: text } : readInteger(type, text, label);
    case 'number': {
      const number = decimal(text);
      if (number !== null && isWithin(type, number)) return { value: number };
      const code = number === null ? 'not-a-number' : 'out-of-range';
      return refuse(code, `${label} must be ${rangeOf(type)}, but is ${quoted(text)}`);
    }
    case 'seconds': {
      const number = decimal(text);
      if (number !== null && number >= 0 && number <= 1e9) return { value: number };
      const code = number === null ? 'not-a-number' : 'out-of-range';
      return refuse(code, `${label} must be a number of seconds from 0 to 1000000000, but is ${quoted(text)}`);
    }
    case 'time': {
      const seconds = secondsOf(text);
      if (seconds !== null && seconds > 0 && seconds <= LONGEST_SECONDS) return { value: seconds };
      const code = seconds === null ? 'bad-time' : 'out-of-range';
      return refuse(
        code,
        `${label} must be a time such as 90s, 10m or 1h30m, at most 365 days, but is ${quoted(text)}`,
      );
    }
    default:
      return type satisfies never;
  }
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const LONGEST_SECONDS = 365 * 86_400;

/** Seconds of `90`, `90s`, `1.5h` or `1h30m`, or null. */
function secondsOf(text: string): number | null {
  const plain = decimal(text);
  if (plain !== null) return plain;
  if (!/^(\d+(\.\d+)?[smhd])+$/i.test(text)) return null;
  const parts = [...text.toLowerCase().matchAll(/([\d.]+)([smhd])/g)];
  const units = parts.map(([, , unit]) => UNIT_SECONDS[unit]);
  // Largest first and each once, so that 10m5m is a slip.
  if (units.some((unit, i) => i > 0 && unit >= units[i - 1])) return null;
  return parts.reduce((sum, [, count], i) => sum + Number(count) * units[i], 0);
}

function readInteger(type: Extract<OptionKind, { kind: 'integer' }>, text: string, label: string): Reading {
  const { min, max, powerOfTwo = false, or } = type;
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : null;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const wanted = `a whole number ${range}${or === undefined ? '' : `, or ${or}`}`;
  if (number === null) return refuse('not-a-number', `${label} must be ${wanted}, but is ${quoted(text)}`);
  if (!Number.isSafeInteger(number) || number < min || number > max) {
    return refuse('out-of-range', `${label} must be ${wanted}, but is ${quoted(text)}`);
  }
  if (powerOfTwo && !isPowerOfTwo(number)) {
    return refuse(
      'not-a-power-of-two',
      `${label} must be a power of two from ${min} to ${max}, but is ${quoted(text)}`,
    );
  }
  return { value: number };
}

function rangeOf({ min, max, above, below }: NumberKind): string {
  if (min !== undefined && max !== undefined) return `a number from ${min} to ${max}`;
  const bounds = Object.entries({ 'of at least': min, 'of at most': max, above, below });
  const told = bounds.filter(([, bound]) => bound !== undefined).map(([words, bound]) => `${words} ${bound}`);
  return `a finite number ${told.join(' and ')}`;
}

function readText(type: Extract<OptionKind, { kind: 'text' }>, text: string, label: string): Reading {
  // A NUL or an escape in a path or a name is never meant.
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    return refuse('bad-text', `${label} must not contain control characters, but is ${quoted(text)}`);
  }
  switch (type.shape) {
    case undefined:
      return { value: text };
    case 'name':
      if (NAME.test(text)) return { value: text };
      return refuse(
        'bad-name',
        `${label} must be at most 63 letters, digits, dots, dashes or underscores, but is ${quoted(text)}`,
      );
    case 'address':
      if (isCoordinatorAddress(text)) return { value: text };
      return refuse('bad-address', `${label} must look like ws://host:port or wss://host:port, but is ${quoted(text)}`);
    default:
      return type.shape satisfies never;
  }
}

/** A WebSocket address that names a host and carries no password, path or query. */
function isCoordinatorAddress(text: string): boolean {
  if (!/^wss?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { hostname, port, username, password, pathname, search, hash } = new URL(text);
  return hostname !== '' && port !== '0' && username + password + search + hash === '' && pathname === '/';
}

/** A decimal number in the usual notations, or null. */
function decimal(text: string): number | null {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : null;
}

function scalarText(written: unknown): string | null {
  return typeof written === 'number' || typeof written === 'boolean' ? String(written) : null;
}

function refuse(code: Problem['code'], sentence: string): Reading {
  return { problem: { code, sentence } };
}
