/** What a chaos run came to, as a table in Markdown. */
import { aftermath, median } from '@gradcast/testing';
import type { Moment } from '@gradcast/testing';
import type { Deed } from './chaos.ts';
import { WEIGHTS } from './plan.ts';

const HEAD = [
  '| disturbance | count | survived | detected after: median, max | next step after: median, max |',
  '| --- | ---: | ---: | ---: | ---: |',
];

/** One row for each kind: a disturbance is survived if a step was closed after it. */
export function tableOf(deeds: readonly Deed[], moments: readonly Moment[]): string {
  const felt = deeds.map((deed) => ({ ...deed, ...aftermath(moments, { at: deed.at, party: partyOf(deed) }) }));
  const rows = Object.keys(WEIGHTS).map((kind) => {
    const those = felt.filter((each) => each.kind === kind);
    const detected = those.flatMap(({ detectionMs }) => detectionMs ?? []);
    const recovered = those.flatMap(({ recoveryMs }) => recoveryMs ?? []);
    return `| ${kind} | ${those.length} | ${recovered.length} | ${seconds(detected)} | ${seconds(recovered)} |`;
  });
  return [...HEAD, ...rows].join('\n');
}

/** A coordinator that only stood still keeps its workers: it is not waited for as one that is started again. */
function partyOf({ kind, party }: Deed): string {
  return kind === 'coordinator stopped' ? 'nobody' : party;
}

function seconds(values: readonly number[]): string {
  if (values.length === 0) return '–';
  return `${(median(values) / 1000).toFixed(2)} s, ${(Math.max(...values) / 1000).toFixed(2)} s`;
}
