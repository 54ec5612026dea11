/**
 * The four places an option can come from, each turned into one layer of values.
 *
 * default < file < environment < flag: a later layer replaces an earlier one, name by name.
 */
import { type CommandName, environmentName, type OptionSpec } from './options.ts';
import { OPTIONS, optionNamed, optionsOf } from './option-table.ts';
import { type Problem, quoted } from './problem.ts';
import { didYouMean } from './suggest.ts';

/** What a user wrote for one option, and how a sentence names the place. */
export interface Written {
  readonly raw: unknown;
  readonly label: string;
}

/** Written values by option name. */
export type Layer = Map<string, Written>;

/** How the native backend may be told to run a step. */
const GRAPH_CHOICES = ['on', 'off', 'function', 'function-xla'];
/** Variables that are read elsewhere and are no options. */
const OTHER_VARIABLES = ['GRADCAST_TOKEN', 'GRADCAST_CACHE', 'GRADCAST_BINDING', 'GRADCAST_GRAPH'];

export interface CommandLine {
  readonly layer: Layer;
  /** Arguments that are no flags. */
  readonly operands: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the flags of a command: `--name value`, `--name=value`, `-c value`, switches bare or as `--json=false`; after
 * `--` everything is an operand. A flag given twice counts as last written.
 */
export function readFlags(command: CommandName, args: readonly string[]): CommandLine {
  const layer: Layer = new Map();
  const operands: string[] = [];
  const problems: Problem[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index];
    if (argument === '--') {
      operands.push(...args.slice(index + 1));
      break;
    }
    if (!/^-./.test(argument)) {
      operands.push(argument);
      continue;
    }
    const equals = argument.indexOf('=');
    const flag = equals < 0 ? argument : argument.slice(0, equals);
    const inline = equals < 0 ? null : argument.slice(equals + 1);
    const option = optionOfFlag(command, flag);
    const next = args.at(index + 1);
    const hasNext = next !== undefined && !looksLikeFlag(next);
    if (!option) {
      problems.push({ code: 'unknown-flag', sentence: unknownFlag(command, flag) });
      // What follows an unknown flag is most likely its value: one mistake, one sentence.
      if (inline === null && hasNext) index++;
      continue;
    }
    const label = flag;
    if (inline !== null) layer.set(option.name, { raw: inline, label });
    else if (option.type.kind === 'switch') layer.set(option.name, { raw: true, label });
    else if (hasNext) layer.set(option.name, { raw: args[++index], label });
    else if (option.bare !== undefined) layer.set(option.name, { raw: option.bare, label });
    else problems.push({ code: 'missing-value', sentence: `${flag} needs a value` });
  }
  return { layer, operands, problems };
}

/** Negative numbers are values, so that `--steps -5` is told to be out of range. */
function looksLikeFlag(argument: string): boolean {
  return /^-./.test(argument) && !/^-\.?\d/.test(argument);
}

function optionOfFlag(command: CommandName, flag: string): OptionSpec | undefined {
  return optionsOf(command).find((option) =>
    flag.startsWith('--')
      ? option.name === flag.slice(2) || option.aliases?.includes(flag.slice(2))
      : option.short === flag.slice(1),
  );
}

function unknownFlag(command: CommandName, flag: string): string {
  const elsewhere = flag.startsWith('--') ? optionNamed(flag.slice(2)) : undefined;
  if (elsewhere) return `${flag} is not a flag of ${command}, but of ${elsewhere.commands.join(', ')}`;
  const names = optionsOf(command).flatMap((option) => [option.name, ...(option.aliases ?? [])]);
  const hint = didYouMean(flag.replace(/^-+/, ''), [...names, 'help'], (name) => `--${name}`);
  return `${command} has no flag ${quoted(flag)}${hint}`;
}

/**
 * Takes the options from the environment. Names that belong to another command's options are legal and ignored, so one
 * environment serves coordinator and workers.
 */
export function readEnvironment(
  command: CommandName,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly layer: Layer; readonly problems: readonly Problem[] } {
  const layer: Layer = new Map();
  const problems: Problem[] = [];
  const byVariable = new Map<string, OptionSpec>();
  for (const option of OPTIONS) {
    for (const name of [option.name, ...(option.aliases ?? [])]) byVariable.set(environmentName(name), option);
  }
  for (const variable of Object.keys(environment).sort()) {
    const raw = environment[variable];
    if (variable === 'GRADCAST_GRAPH' && raw !== undefined && !GRAPH_CHOICES.includes(raw)) {
      const choices = `${GRAPH_CHOICES.slice(0, -1).join(', ')} or ${GRAPH_CHOICES.at(-1)}`;
      problems.push({
        code: 'unknown-choice',
        sentence: `GRADCAST_GRAPH must be ${choices}, but is ${quoted(raw)}`,
      });
    }
    if (!variable.startsWith('GRADCAST_') || raw === undefined || OTHER_VARIABLES.includes(variable)) continue;
    const option = byVariable.get(variable);
    if (option?.commands.includes(command)) layer.set(option.name, { raw, label: variable });
    if (option) continue;
    const hint = didYouMean(
      variable.slice('GRADCAST_'.length),
      [...byVariable.keys(), ...OTHER_VARIABLES].map((known) => known.slice('GRADCAST_'.length)),
      (name) => `GRADCAST_${name}`,
    );
    problems.push({
      code: 'unknown-environment',
      sentence: `the environment sets ${variable}, which is no option${hint}`,
    });
  }
  return { layer, problems };
}

/**
 * Takes the options from a parsed file: one mapping of option names to values. Dashes and underscores are alike, null
 * means not set, and options of other commands are legal and ignored.
 */
export function readFileLayer(
  command: CommandName,
  document: Readonly<Record<string, unknown>>,
  file: string,
): { readonly layer: Layer; readonly problems: readonly Problem[] } {
  const layer: Layer = new Map();
  const problems: Problem[] = [];
  const known = OPTIONS.filter((option) => !option.notInFile);
  for (const [key, raw] of Object.entries(document)) {
    const option = optionNamed(key.replaceAll('_', '-'));
    if (!option || option.notInFile) {
      const names = known.flatMap((candidate) => [candidate.name, ...(candidate.aliases ?? [])]);
      const reason = option ? 'which a file cannot set' : `which is no option${didYouMean(key, names)}`;
      problems.push({ code: 'unknown-key', sentence: `${file} sets ${quoted(key)}, ${reason}` });
      continue;
    }
    if (raw === null || !option.commands.includes(command)) continue;
    layer.set(option.name, { raw, label: `${key} in ${file}` });
  }
  return { layer, problems };
}
