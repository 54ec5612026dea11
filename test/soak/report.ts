/** What a soak came to, in Markdown, and what is wrong with it. */
import type { Moment } from '@gradcast/testing';
import type { Deed } from '../chaos/chaos.ts';
import { tableOf } from '../chaos/table.ts';
import type { Played } from './hostiles.ts';
import { growthOf, leaks } from './readings.ts';
import type { Quantity, Reading } from './readings.ts';
import { PROBE_LIMIT_MS } from './watch.ts';

export interface Soaked {
  readonly deeds: readonly Deed[];
  readonly moments: readonly Moment[];
  readonly played: Played;
  readonly watch: Seen;
}

/** What a watch saw: readings by process, and milliseconds of each answer of the probe. */
export interface Seen {
  readonly readings: ReadonlyMap<string, readonly Reading[]>;
  readonly probes: readonly number[];
}

const UNITS = {
  megabytes: 'resident memory, MB',
  heapMegabytes: 'JavaScript heap, MB',
  descriptors: 'open descriptors',
  timers: 'timers',
} satisfies Record<Quantity, string>;

const QUANTITIES = Object.keys(UNITS) as Quantity[];

export function report({ deeds, moments, played, watch }: Soaked): string {
  const held = [...watch.readings].flatMap(([process, readings]) =>
    QUANTITIES.flatMap((quantity) => {
      const growth = growthOf(readings, quantity);
      if (!growth) return [];
      const { slope, before, after, most } = growth;
      const cells = [slope, before, after, most].map((value) => value.toFixed(1)).join(' | ');
      return `| ${process} | ${UNITS[quantity]} | ${cells} |`;
    }),
  );
  const attacks = [...played].map(([name, count]) => `| ${name} | ${count} |`);
  return [
    '',
    tableOf(deeds, moments),
    '',
    '| process | what it holds | growth in an hour | before | after | most |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...held,
    '',
    '| attack | played |',
    '| --- | ---: |',
    ...attacks,
    '',
    probes(watch.probes),
    '',
  ].join('\n');
}

function probes(all: readonly number[]): string {
  const sorted = [...all].sort((a, b) => a - b);
  const at = (share: number) => `${(sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(1)} ms`;
  const slow = sorted.filter((ms) => ms > PROBE_LIMIT_MS).length;
  const parts = [`median ${at(0.5)}`, `99 % ${at(0.99)}`, `99.9 % ${at(0.999)}`, `longest ${at(1)}`];
  return `/healthz: ${sorted.length} answers, ${parts.join(', ')}; ${slow} took longer than ${PROBE_LIMIT_MS} ms`;
}

/** A sentence for each thing that should not be. */
export function findingsOf({ readings, probes: all }: Seen): string[] {
  const leaking = [...readings].flatMap(([process, those]) =>
    QUANTITIES.flatMap((quantity) => {
      const growth = growthOf(those, quantity);
      if (!growth || !leaks(growth)) return [];
      return `${process}: ${UNITS[quantity]} grew from ${growth.before.toFixed(1)} to ${growth.after.toFixed(1)}`;
    }),
  );
  const slow = all.filter((ms) => ms > PROBE_LIMIT_MS).length;
  return [...leaking, ...(slow > 0 ? [`/healthz took longer than ${PROBE_LIMIT_MS} ms ${slow} times`] : [])];
}
