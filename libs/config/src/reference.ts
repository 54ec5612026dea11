/** Renders the table of options for docs/configuration.md; a test holds the two together. */
import { OPTIONS } from './option-table.ts';
import { COMMANDS, defaultOf, environmentName, OPTION_GROUPS, type OptionSpec, placeholder } from './options.ts';

/** One Markdown table per group of options. */
export function optionReference(): string {
  const sections = OPTION_GROUPS.map((group) => {
    const rows = OPTIONS.filter((option) => option.group === group).map(row);
    const head = ['| flag | environment | commands | default | meaning |', '| --- | --- | --- | --- | --- |'];
    return [`### ${group}`, '', ...head, ...rows].join('\n');
  });
  return `${sections.join('\n\n')}\n`;
}

function row(option: OptionSpec): string {
  const value = placeholder(option).replaceAll('|', '\\|');
  const names = [
    ...(option.short === undefined ? [] : [`-${option.short}`]),
    `--${option.name}`,
    ...(option.aliases ?? []).map((alias) => `--${alias}`),
  ];
  const flag = `\`${names.join('`, `')}\`${value === '' ? '' : ` ${value}`}`;
  const commands = option.commands.length === COMMANDS.length ? 'all' : option.commands.join(', ');
  return `| ${flag} | \`${environmentName(option.name)}\` | ${commands} | ${defaults(option)} | ${option.help} |`;
}

function defaults(option: OptionSpec): string {
  const usual = option.default ?? option.defaultNote ?? '';
  const own = option.commands
    .filter((command) => option.defaultFor?.[command] !== undefined)
    .map((command) => `${command}: ${String(defaultOf(option, command))}`);
  return [String(usual), ...own].filter((text) => text !== '').join('; ');
}
