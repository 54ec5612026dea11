/**
 * The vocabulary of the command: what an option is. The options themselves stand in `options/`, by group.
 *
 * An option has one name everywhere: `--save-every` as a flag, `save-every` in a file, `GRADCAST_SAVE_EVERY` in the
 * environment.
 */

import type { ChoiceKind, IntegerKind, NumberKind, TextKind } from '@gradcast/definition';

export const COMMANDS = [
  'train',
  'coordinator',
  'worker',
  'pause',
  'resume',
  'stop',
  'drain',
  'join',
  'runs',
  'top',
  'events',
  'compare',
  'report',
  'sample',
  'interpolate',
  'animate',
  'export',
  'evaluate',
  'verify',
  'replay',
  'doctor',
  'demo',
] as const;
export type CommandName = (typeof COMMANDS)[number];

/** Commands that set a run up, and all that have processes of their own. */
export const RUNS: readonly CommandName[] = ['train', 'coordinator'];
export const HOSTS: readonly CommandName[] = ['train', 'coordinator', 'worker'];

/** No whole number is larger. */
export const MOST = Number.MAX_SAFE_INTEGER;

export const OPTION_GROUPS = [
  'What to train',
  'Batches and optimizer',
  'Workers',
  'Volunteers',
  'Run folder',
  'Network',
  'Samples',
  'Evaluation',
  'Replay',
  'Operation',
  'Watching',
  'Installation',
  'Output',
  'Configuration',
] as const;
export type OptionGroup = (typeof OPTION_GROUPS)[number];

export type OptionValue = string | number | boolean;

/** How an option's value is read and what it may be. */
export type OptionKind =
  | { readonly kind: 'switch' }
  | (TextKind & { readonly shape?: 'address' | 'name' })
  | ChoiceKind
  /** `or`: a word that may stand in the number's place. */
  | (IntegerKind & { readonly or?: string })
  | NumberKind
  /** Seconds, zero or more, fractions allowed. */
  | { readonly kind: 'seconds' }
  /** A length of time such as 90s, 10m or 1h30m, in seconds; a plain number is seconds. */
  | { readonly kind: 'time' };

export interface OptionSpec {
  /** Kebab-case, without dashes in front. */
  readonly name: string;
  readonly type: OptionKind;
  readonly group: OptionGroup;
  readonly commands: readonly CommandName[];
  /** Other long names of the same option. */
  readonly aliases?: readonly string[];
  /** One-letter form. */
  readonly short?: string;
  readonly default?: OptionValue;
  /** Where one command's default differs. */
  readonly defaultFor?: Partial<Readonly<Record<CommandName, OptionValue>>>;
  /** How help names a default that is not a constant. */
  readonly defaultNote?: string;
  /** Value when the flag is given without one. */
  readonly bare?: string;
  /** Makes sense on the command line and in the environment only. */
  readonly notInFile?: boolean;
  /** One sentence without its full stop, for --help and the reference. */
  readonly help: string;
}

/** What an option has when nobody sets it, or null. */
export function defaultOf(option: OptionSpec, command: CommandName): OptionValue | null {
  return option.defaultFor?.[command] ?? option.default ?? null;
}

/** The environment variable of an option: `save-every` is `GRADCAST_SAVE_EVERY`. */
export function environmentName(name: string): string {
  return `GRADCAST_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** What stands for the value in help: `N`, `SECONDS`, `auto|wasm`; empty for a switch. */
export function placeholder(option: OptionSpec): string {
  const { type } = option;
  switch (type.kind) {
    case 'switch':
      return '';
    case 'text':
    case 'number':
      return type.shows;
    case 'choice':
      return type.choices.join('|');
    case 'integer':
      return type.or === undefined ? 'N' : `N|${type.or}`;
    case 'seconds':
      return 'SECONDS';
    case 'time':
      return 'TIME';
    default:
      return type satisfies never;
  }
}
