/**
 * The options of `train()`: those of `gradcast train`, in camel case. They are read, checked and refused by the code that
 * reads the flags, so there is no second list of them; the installed package's type is made from the same table
 * (`train-options-type.ts`).
 */
import { ConfigError, optionsOf, resolveTrain, taskFileOf } from '@gradcast/config';
import type { Machine, OptionSpec, ResolvedTrain } from '@gradcast/config';
import { loadOwnTask, OwnTaskError } from '@gradcast/own-task';
import { GradcastError } from './gradcast-error.ts';

/** Options of `gradcast train` by their names in camel case: `saveEvery: 100` for `--save-every 100`. */
export type TrainOptions = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a command prints; a program has events. */
const FOR_TERMINALS = ['json', 'no-progress', 'open', 'print-config'];

/** What of `gradcast train` a program may set. */
export function programOptions(): readonly OptionSpec[] {
  return optionsOf('train').filter(({ name }) => !FOR_TERMINALS.includes(name));
}

/** `save-every` is `saveEvery`. */
export function optionKey(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * The environment sets nothing: a program says itself what it wants.
 *
 * @throws GradcastError with the code of the first problem and a sentence for each.
 */
export function resolveOptions(options: TrainOptions, machine: Omit<Machine, 'environment'>): ResolvedTrain {
  const args = argumentsOf(options);
  const around = { ...machine, environment: {} };
  try {
    const file = taskFileOf('train', args, around);
    return resolveTrain(args, file === null ? around : { ...around, task: loadOwnTask(file).task });
  } catch (error) {
    if (error instanceof OwnTaskError) throw new GradcastError(error.code, error.message, { cause: error });
    if (!(error instanceof ConfigError)) throw error;
    throw new GradcastError(error.problems[0].code, error.message, { cause: error });
  }
}

/** The flags that mean the same. */
function argumentsOf(options: TrainOptions): string[] {
  const known = new Map(programOptions().map((option) => [optionKey(option.name), option]));
  return Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const option = known.get(key);
    if (!option) throw new GradcastError('unknown-flag', `train() has no option ${JSON.stringify(key)}`);
    return [`--${option.name}=${value}`];
  });
}
