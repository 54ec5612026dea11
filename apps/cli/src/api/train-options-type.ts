/** Writes the type of `train()`'s options out of the table of flags, for the declarations of the installed package. */
import { defaultOf, type OptionSpec } from '@gradcast/config';
import { optionKey, programOptions } from './train-options.ts';

/** The text of a module that declares `TrainOptions`. */
export function trainOptionsType(): string {
  const members = programOptions().map((option) => {
    const type = typeOf(option);
    return `    /** ${aboutOf(option)} */\n    readonly ${optionKey(option.name)}?: ${type} | undefined;\n`;
  });
  return `/** Options of \`gradcast train\`, by their names in camel case. */\nexport interface TrainOptions {\n${members.join('')}}\n`;
}

function typeOf({ type }: OptionSpec): string {
  switch (type.kind) {
    case 'switch':
      return 'boolean';
    case 'text':
      return 'string';
    case 'time':
      return 'string | number';
    case 'integer':
      return type.or === undefined ? 'number' : `number | ${JSON.stringify(type.or)}`;
    case 'choice':
      return type.choices.map((choice) => JSON.stringify(choice)).join(' | ');
    default:
      return 'number';
  }
}

function aboutOf(option: OptionSpec): string {
  const value = defaultOf(option, 'train');
  const usual = value === null || value === false ? option.defaultNote : JSON.stringify(value);
  return `${option.help}.${usual === undefined ? '' : ` Usual: ${usual}.`}`;
}
