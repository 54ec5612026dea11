/**
 * Kinds of values, each limit stated once: as the schema that the wire and a run's files are checked by, and as what a flag
 * must know to read it, to show it in help and to say what is wrong with it.
 */
import * as z from 'zod';

/** A whole number from `min` to `max`, both included. */
export interface IntegerKind {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
  readonly powerOfTwo?: boolean;
}

/** A finite number that keeps within its bounds as a 32-bit float, too: that is what arithmetic is done with. */
export interface NumberKind {
  readonly kind: 'number';
  /** What stands for it in help. */
  readonly shows: string;
  /** Bounds that it may reach. */
  readonly min?: number;
  readonly max?: number;
  /** Bounds that it may not reach. */
  readonly above?: number;
  readonly below?: number;
}

export interface ChoiceKind {
  readonly kind: 'choice';
  readonly choices: readonly string[];
}

export interface TextKind {
  readonly kind: 'text';
  /** What stands for it in help. */
  readonly shows: string;
}

export type ValueKind = IntegerKind | NumberKind | ChoiceKind | TextKind;

/** A schema, and the same for flags. */
export interface Valued<S extends z.ZodType> {
  readonly schema: S;
  readonly kind: ValueKind;
}

export function isWithin(limits: Omit<NumberKind, 'kind' | 'shows'>, value: number): boolean {
  const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity } = limits;
  return [value, Math.fround(value)].every((each) => each >= min && each <= max && each > above && each < below);
}

export function isPowerOfTwo(value: number): boolean {
  return Math.log2(value) % 1 === 0;
}

export function integer(limits: Omit<IntegerKind, 'kind'>) {
  const { min, max, powerOfTwo = false } = limits;
  const schema = z.number().int().min(min).max(max);
  return {
    schema: powerOfTwo ? schema.refine(isPowerOfTwo, 'not a power of two') : schema,
    kind: { kind: 'integer', ...limits },
  } satisfies Valued<z.ZodType>;
}

export function number(limits: Omit<NumberKind, 'kind'>) {
  return {
    schema: z.number().refine((value) => isWithin(limits, value), 'out of its range'),
    kind: { kind: 'number', ...limits },
  } satisfies Valued<z.ZodType>;
}

export function choice<const C extends readonly [string, ...string[]]>(choices: C) {
  return { schema: z.enum(choices), kind: { kind: 'choice', choices } } satisfies Valued<z.ZodType>;
}

/** A text of a pattern. */
export function text(pattern: RegExp, shows: string) {
  return { schema: z.string().regex(pattern), kind: { kind: 'text', shows } } satisfies Valued<z.ZodType>;
}

/** SHA-256 in lower-case hexadecimal digits. */
export function sha256() {
  return text(/^[0-9a-f]{64}$/, 'SHA256');
}

/** The same value, or null. */
export function orNull<S extends z.ZodType>({ schema, kind }: Valued<S>) {
  return { schema: schema.nullable(), kind };
}
