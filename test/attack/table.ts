/** What attacks came to, as a table in Markdown. */
import type { Outcome } from './stage.ts';

export const HEAD =
  '| attack | outcome | the attackers | cost to the run | memory |\n| --- | --- | --- | ---: | ---: |';

export function rowOf({ attack, seen, failure, extraSeconds, megabytes }: Outcome): string {
  const outcome = failure === undefined ? 'withstood' : `**not withstood**: ${failure}`;
  const cost =
    extraSeconds === undefined ? '–' : `${extraSeconds < 0 ? '−' : '+'}${Math.abs(extraSeconds).toFixed(1)} s`;
  return `| ${attack} | ${plain(outcome)} | ${plain(seen)} | ${cost} | ${megabytes} MB |`;
}

/** A cell: no bar ends it early. */
function plain(text: string): string {
  return text.replaceAll('|', '/').slice(0, 240);
}
