/** Every option of every command: the one place where a name, a limit, a default and its help stand. */
import type { CommandName, OptionSpec } from './options.ts';
import { NETWORK_OPTIONS } from './options/network.ts';
import { OUTPUT_OPTIONS } from './options/output.ts';
import { RUN_FOLDER_OPTIONS } from './options/run-folder.ts';
import { TOOL_OPTIONS } from './options/tools.ts';
import { TRAINING_OPTIONS } from './options/training.ts';
import { VOLUNTEER_OPTIONS } from './options/volunteers.ts';
import { WORKER_OPTIONS } from './options/workers.ts';

/** All options, in the order help shows them. */
export const OPTIONS: readonly OptionSpec[] = [
  ...TRAINING_OPTIONS,
  ...WORKER_OPTIONS,
  ...VOLUNTEER_OPTIONS,
  ...RUN_FOLDER_OPTIONS,
  ...NETWORK_OPTIONS,
  ...TOOL_OPTIONS,
  ...OUTPUT_OPTIONS,
];

/** The options of one command. */
export function optionsOf(command: CommandName): OptionSpec[] {
  return OPTIONS.filter((option) => option.commands.includes(command));
}

/** The option called `name`, by its own name or an alias, or undefined. */
export function optionNamed(name: string): OptionSpec | undefined {
  return OPTIONS.find((option) => option.name === name || option.aliases?.includes(name));
}
