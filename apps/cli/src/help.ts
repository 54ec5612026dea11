/** Renders --help from the table of options: grouped, with defaults, aliases and examples. */
import {
  type CommandName,
  COMMANDS,
  defaultOf,
  OPTION_GROUPS,
  type OptionSpec,
  optionsOf,
  placeholder,
} from '@gradcast/config';
import { taskDefaults } from '@gradcast/tasks';
import { COMMAND_GROUPS, COMMAND_HELP } from './commands.ts';
import { wrap } from './wrap.ts';

/** Help of one command, wrapped at `width` columns. */
export function commandHelp(command: CommandName, width: number): string {
  const { usage, about, examples } = COMMAND_HELP[command];
  const lines = [`Usage: ${usage}`, '', ...wrap(about, width), ''];
  const options = optionsOf(command);
  for (const group of OPTION_GROUPS) {
    const members = options.filter((option) => option.group === group);
    if (members.length === 0) continue;
    lines.push(`${group}:`);
    for (const option of members) lines.push(...optionLines(option, command, width));
    lines.push('');
  }
  if (options.some((option) => option.name === 'preset')) lines.push(...presetLines(width), '');
  lines.push('Other:', '  -h, --help', '      Show this', '');
  if (options.some((option) => option.name === 'config')) {
    const precedence =
      'A flag goes before the environment (--save-every is GRADCAST_SAVE_EVERY), the environment before the file of ' +
      '--config, the file before the default.';
    lines.push(...wrap(precedence, width), '');
  }
  lines.push('Examples:');
  for (const [example, does] of examples) lines.push(`  ${example}`, `      ${does}`);
  lines.push('', ...exitCodes(command, width));
  return `${lines.join('\n')}\n`;
}

/** Help of the command as a whole. */
export function generalHelp(width: number): string {
  const longest = Math.max(...COMMANDS.map((command) => command.length));
  const entry = (command: CommandName) => {
    const [first = '', ...rest] = wrap(COMMAND_HELP[command].summary, width - longest - 4);
    const indent = ' '.repeat(longest + 4);
    return [`  ${command.padEnd(longest)}  ${first}`, ...rest.map((line) => `${indent}${line}`)];
  };
  const list = COMMAND_GROUPS.flatMap(({ title, commands }) => [`${title}:`, ...commands.flatMap(entry), '']);
  const lines = [
    'Usage: gradcast COMMAND [options]',
    '',
    ...wrap(
      'Trains one model on many machines at once; the result has the same bits whatever happens to the workers.',
      width,
    ),
    '',
    ...list,
    'Options:',
    '  -h, --help     Show this, or the help of a command: gradcast train --help',
    '  -V, --version  Show the version',
    '',
    'Environment:',
    '  GRADCAST_TOKEN  Secret that coordinator and workers share',
    "  GRADCAST_CACHE  Folder for the native library (default: in the user's cache folder)",
    '  GRADCAST_BINDING  Folder made by doctor --build-binding: nothing is compiled on this machine',
    '  GRADCAST_GRAPH  How TensorFlow computes a step, off (op by op), function or function-xla; changes the last bits of the',
    "                  result (default: on, the device's own way)",
    '  GRADCAST_...    Any option: --save-every is GRADCAST_SAVE_EVERY',
    '',
    'Examples:',
    '  gradcast doctor --install',
    '  gradcast train --workers 2',
    '  gradcast sample runs/RUN --output digits.png',
  ];
  return `${lines.join('\n')}\n`;
}

function optionLines(option: OptionSpec, command: CommandName, width: number): string[] {
  const value = placeholder(option);
  const shown = value === '' ? '' : option.bare === undefined ? ` ${value}` : ` [${value}]`;
  const short = option.short === undefined ? '' : `-${option.short}, `;
  const notes = [];
  const fallback = defaultOf(option, command);
  if (fallback !== null) notes.push(`default: ${fallback}`);
  else if (option.defaultNote !== undefined) notes.push(`default: ${option.defaultNote}`);
  if (option.aliases) notes.push(`also ${option.aliases.map((alias) => `--${alias}`).join(', ')}`);
  const text = notes.length === 0 ? option.help : `${option.help} (${notes.join('; ')})`;
  return [`  ${short}--${option.name}${shown}`, ...wrap(text, width - 6).map((line) => `      ${line}`)];
}

/** What each preset is and which numbers it brings. */
function presetLines(width: number): string[] {
  const lines = ['Presets:'];
  for (const { name, description, microBatch, microBatches, optimizer, defaultSteps } of taskDefaults) {
    const batch = `global batch ${microBatch * microBatches} in ${microBatches} micro-batches`;
    const text = `${description}; ${batch}, lr ${optimizer.learningRate}, ${defaultSteps} steps`;
    lines.push(`  ${name}`, ...wrap(text, width - 6).map((line) => `      ${line}`));
  }
  return lines;
}

function exitCodes(command: CommandName, width: number): string[] {
  const codes = ['0 done', '1 failed', '2 wrong usage'];
  if (command === 'worker') {
    codes[0] = '0 done, or left when told to';
    codes.push('75 coordinator not reached, try again');
  }
  if (command === 'train' || command === 'coordinator') codes.push('75 no worker came, try again');
  if (['train', 'coordinator', 'worker', 'demo'].includes(command))
    codes.push(
      `130 or 143 ${command === 'worker' ? 'ended by a second signal' : 'stopped by Ctrl-C, SIGTERM or gradcast stop'}`,
    );
  return wrap(`Exit codes: ${codes.join(', ')}.`, width);
}
