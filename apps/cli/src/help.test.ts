import { COMMANDS, optionsOf } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import { COMMAND_GROUPS } from './commands.ts';
import { commandHelp, generalHelp } from './help.ts';

describe('help', () => {
  it('names every command', () => {
    const text = generalHelp(80);
    for (const command of COMMANDS) expect(text).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it('has every command under one heading', () => {
    const listed = COMMAND_GROUPS.flatMap(({ commands }) => commands);
    expect([...listed].sort()).toEqual([...COMMANDS].sort());
    for (const { title } of COMMAND_GROUPS) expect(generalHelp(80)).toMatch(new RegExp(`^${title}:$`, 'm'));
  });

  it.each(COMMANDS)('%s: names every flag, alias and constant default, within the width', (command) => {
    const text = commandHelp(command, 80);
    for (const option of optionsOf(command)) {
      expect(text).toMatch(new RegExp(`^  (-., )?--${option.name}( |$)`, 'm'));
      for (const alias of option.aliases ?? []) expect(text).toContain(`--${alias}`);
    }
    for (const line of text.split('\n')) {
      // Values to choose from and examples are not cut.
      if (!line.startsWith('  ')) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it("shows a command's own default", () => {
    expect(commandHelp('coordinator', 80)).toContain('(default: 7070)');
    expect(commandHelp('train', 80)).not.toContain('7070)');
  });

  it('shows what a preset brings', () => {
    expect(commandHelp('train', 200)).toContain('global batch 128 in 4 micro-batches, lr 0.0005');
  });
});
