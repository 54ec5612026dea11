/** What has to fit together for a run to stop early. */
import type { ChosenDefinition } from '@gradcast/definition';
import { optionNamed } from './option-table.ts';
import { defaultOf } from './options.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';

/** What is wrong with the options of early stopping. */
export function earlyStopProblems(settings: Settings, { earlyStop }: ChosenDefinition): Problem[] {
  const code = 'early-stop-conflict';
  if (!settings.areSound('early-stop', 'evaluate-every')) return [];
  if (earlyStop !== 'none') {
    if (settings.number('evaluate-every') !== 0) return [];
    const sentence = `${settings.label('early-stop')} ${earlyStop} looks at evaluations, and there are none: set --evaluate-every N`;
    return [{ code, sentence }];
  }
  // A configuration that was printed has all values, those that nobody chose among them.
  const said = ['early-stop-patience', 'early-stop-min-delta']
    .filter((name) => settings.number(name) !== defaultOf(optionNamed(name)!, 'train'))
    .map((name) => settings.label(name));
  if (said.length === 0) return [];
  const verb = said.length > 1 ? 'say' : 'says';
  return [
    {
      code,
      sentence: `${said.join(' and ')} ${verb} when to stop early, which the run does not: set --early-stop METRIC`,
    },
  ];
}
