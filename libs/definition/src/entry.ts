/** What the definition says of an entry besides its value. */
import type { z } from 'zod';
import type { Recipe } from './recipe.ts';
import type { Valued, ValueKind } from './value.ts';

export type DefinitionValue = string | number | null;

/** What a task brings of its own, for entries that nobody sets. */
export interface TaskNumbers {
  /** m */
  readonly microBatch: number;
  /** M */
  readonly microBatches: number;
  /** Numbers of any kind of optimizer. */
  readonly optimizer: {
    readonly learningRate: number;
    readonly beta1?: number;
    readonly beta2?: number;
    readonly epsilon?: number;
    readonly momentum?: number;
  };
  readonly recipe?: Recipe;
}

/** Groups of options, as help shows them, in which a flag of the definition may stand. */
export type FlagGroup = 'What to train' | 'Batches and optimizer' | 'Evaluation';

/** The flag of an entry. It has the entry's value, and its name in a file and in the environment. */
export interface DefinitionFlag<T extends DefinitionValue> {
  /** Kebab-case, without dashes in front. */
  readonly name: string;
  /** Other long names of the same flag. */
  readonly aliases?: readonly string[];
  readonly group: FlagGroup;
  /** What nobody sets: one value, or the task's own. */
  readonly default: T | ((task: TaskNumbers) => T);
  /** One sentence without its full stop, for --help and the reference. */
  readonly help: string;
}

export interface About<T extends DefinitionValue> {
  /** What it is, in a sentence about a difference. */
  readonly called: string;
  /** An entry that a run finds out by itself has none. */
  readonly flag?: DefinitionFlag<T>;
  /** The flags that change it, where that is not its own alone. */
  readonly setBy?: readonly string[];
  /** What else values were called in runs before a version of the protocol: earlier names, and those of now. */
  readonly renamed?: { readonly since: number; readonly names: Readonly<Record<string, string>> };
}

/** An entry that runs of earlier versions do not have. */
export interface AboutLater<T extends DefinitionValue> extends About<T> {
  /** The version of the protocol with which it came: a `welcome` has it since then. */
  readonly since: number;
  /** What those runs had: a value, or what the flag has that nobody sets. */
  readonly before: { readonly value: T } | 'default';
}

/** All that is said of an entry. */
export interface EntryNotes extends About<DefinitionValue> {
  readonly kind: ValueKind;
  readonly since?: AboutLater<DefinitionValue>['since'];
  readonly before?: AboutLater<DefinitionValue>['before'];
}

const notes = new Map<z.ZodType, EntryNotes>();

/** An entry that every run has. @returns its schema. */
export function entry<S extends z.ZodType<DefinitionValue>>({ schema, kind }: Valued<S>, about: About<z.output<S>>): S {
  notes.set(schema, { ...about, kind });
  return schema;
}

/** An entry that came after the ledger's format. @returns its schema. */
export function laterEntry<S extends z.ZodType<DefinitionValue>>(
  { schema, kind }: Valued<S>,
  about: AboutLater<z.output<S>>,
): S {
  notes.set(schema, { ...about, kind });
  return schema;
}

/** What was said of the entry with this schema. */
export function notesOf(schema: z.ZodType): EntryNotes {
  return notes.get(schema)!;
}
