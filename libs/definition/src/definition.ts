/** What is derived from the list of entries. */
import { chosenDefinition, runDefinition, storedDefinition } from './entries.ts';
import type { ChosenDefinition, RunDefinition, StoredDefinition } from './entries.ts';
import { notesOf } from './entry.ts';
import type { DefinitionFlag, DefinitionValue, EntryNotes, TaskNumbers } from './entry.ts';
import type { ValueKind } from './value.ts';

/** An entry's name in a run's files and on the wire. */
export type DefinitionKey = keyof RunDefinition;

/** The names, in the order of the ledger's first line. */
export const DEFINITION_KEYS: readonly DefinitionKey[] = runDefinition.keyof().options;

const ENTRIES = DEFINITION_KEYS.map((key) => ({ key, ...notesOf(runDefinition.shape[key]) }));

/** The version of the protocol with which the newest entry came. */
export const DEFINITION_VERSION = Math.max(...ENTRIES.map(({ since = 1 }) => since));

/** A flag with its entry's name and what it may be. */
export interface FlagEntry extends DefinitionFlag<DefinitionValue> {
  readonly key: keyof ChosenDefinition;
  readonly kind: ValueKind;
}

/** The flags of the definition, in the order of the entries. */
export const DEFINITION_FLAGS: readonly FlagEntry[] = chosenDefinition.keyof().options.flatMap((key) => {
  const { kind, flag } = notesOf(chosenDefinition.shape[key]);
  return flag ? [{ ...flag, key, kind }] : [];
});

/** What a flag has that nobody sets. */
export function flagDefault({ default: usual }: DefinitionFlag<DefinitionValue>, task: TaskNumbers): DefinitionValue {
  return typeof usual === 'function' ? usual(task) : usual;
}

/** What each flag of a definition is, by name. */
export function flagsOf(definition: ChosenDefinition): Readonly<Record<string, DefinitionValue>> {
  return Object.fromEntries(DEFINITION_FLAGS.map(({ name, key }) => [name, definition[key]]));
}

/** What a run's files say that its flags were, by name; one that they do not know is undefined. */
export function recordedFlags(record: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    DEFINITION_FLAGS.map(({ name, key }) => {
      const { before } = notesOf(chosenDefinition.shape[key]);
      return [name, own(record, key, typeof before === 'object' ? before.value : undefined)];
    }),
  );
}

/** The definition alone, out of whatever holds one. */
export function definitionOf(holder: RunDefinition): RunDefinition {
  return runDefinition.parse(holder);
}

export function isSameDefinition(a: RunDefinition, b: RunDefinition): boolean {
  return DEFINITION_KEYS.every((key) => a[key] === b[key]);
}

/** The first member of a record that is not what a stored definition has there; undefined if all are. */
export function storedFault(record: unknown): string | undefined {
  const { error } = storedDefinition.safeParse(record);
  return error && String(error.issues[0].path[0] ?? 'definition');
}

/** What a run's files say, with what runs of their version had. @param task the one that they name. */
export function completedDefinition(stored: StoredDefinition, task: TaskNumbers): RunDefinition {
  const known = storedDefinition.parse(stored);
  return runDefinition.parse({ ...earlierValues(task), ...known, preset: recordedPreset(stored) });
}

/** The preset or task that a run's files name, by its name of now; undefined if they name none. */
export function recordedPreset(record: unknown): unknown {
  return own(record, 'preset');
}

function earlierValues(task: TaskNumbers | undefined): Partial<Record<DefinitionKey, DefinitionValue>> {
  return Object.fromEntries(ENTRIES.map((noted) => [noted.key, earlierValue(noted, task)]));
}

/** What runs had before there was an entry; undefined if it is as old as runs are, or the task's own and no task is known. */
export function earlierValue(
  { before, flag }: Pick<EntryNotes, 'before' | 'flag'>,
  task: TaskNumbers | undefined,
): DefinitionValue | undefined {
  if (typeof before === 'object') return before.value;
  return before === 'default' && flag && task ? flagDefault(flag, task) : undefined;
}

/** An entry in which a record and a definition differ. */
export interface DefinitionDifference {
  readonly key: DefinitionKey;
  readonly there: unknown;
  readonly here: DefinitionValue;
  /** One sentence without its full stop, which names the flags that change it. */
  readonly sentence: string;
}

/**
 * All entries in which what a run's files say differs from a definition.
 *
 * @param task the one that the definition names.
 */
export function differences(
  record: unknown,
  definition: RunDefinition,
  task: TaskNumbers,
): readonly DefinitionDifference[] {
  const isSameTask = own(record, 'preset') === definition.preset;
  const earlier = earlierValues(isSameTask ? task : undefined);
  return ENTRIES.flatMap(({ key, called, flag, setBy = flag ? [flag.name] : [], before }) => {
    const [there, here] = [own(record, key, earlier[key]), definition[key]];
    // What an earlier run of another task had follows from its task, which is told to differ.
    if (there === here || (there === undefined && before !== undefined)) return [];
    const flags = setBy.map((name) => `--${name}`).join(', ');
    return [{ key, there, here, sentence: `${called} is ${shown(there)} there and ${shown(here)} here (${flags})` }];
  });
}

function own(record: unknown, key: DefinitionKey, otherwise?: DefinitionValue): unknown {
  if (typeof record !== 'object' || record === null || !Object.hasOwn(record, key)) return otherwise;
  const value: unknown = Reflect.get(record, key);
  const { renamed } = notesOf(runDefinition.shape[key]);
  const isRenamed = renamed && typeof value === 'string' && Object.hasOwn(renamed.names, value);
  return isRenamed && isBefore(record, renamed.since) ? renamed.names[value] : value;
}

/** Whether a record is of a version before one: then it lacks entries that came with that. */
function isBefore(record: object, version: number): boolean {
  return ENTRIES.some(({ key, since }) => since === version && !Object.hasOwn(record, key));
}

function shown(value: unknown): string {
  if (value === undefined) return 'not known';
  return value === null ? 'none' : JSON.stringify(value);
}
