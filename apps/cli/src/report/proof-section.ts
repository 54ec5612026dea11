/** What a run was told, how it is done again, with what it was computed, what came out, and how everybody can check that. */
import { member, presetOf, word } from '@gradcast/watching';
import { escaped } from '../pages/html.ts';
import { htmlTable } from '../pages/html-table.ts';
import { commandLine, quotedForShell } from './command-line.ts';
import type { RunRecord } from './run-record.ts';
import { stepsOf } from './story.ts';
import { counted, whole } from './words.ts';

const MOST_ROWS = 200;
/** Profiles side by side. */
const MOST_PROFILES = 6;

export function configurationSection({ config, summary, profiles }: RunRecord): string {
  const command = commandLine(config, summary, profiles);
  const isOwn = typeof member(config, 'taskFile') === 'string';
  const needs = ['the same version of Gradcast', 'the same data', ...(isOwn ? ['the same task file'] : [])];
  const repeat =
    command === undefined
      ? '<p>The configuration does not say enough for a command that repeats the run.</p>'
      : `<p>This repeats it, with ${needs.slice(0, -1).join(', ')} and ${needs.at(-1)}. How many workers take part changes no bit; another
numeric profile (see below) changes the last ones.</p>
<pre tabindex="0"><code>${escaped(command)}</code></pre>`;
  const entries = Object.entries(config).slice(0, MOST_ROWS);
  const rows = entries.map(([name, value]) => [word({ name }, 'name'), shown(value)]);
  const table = htmlTable({
    caption: `Configuration of preset ${presetOf(config)}`,
    head: ['setting', 'value'],
    rows,
    isWords: true,
  });
  return `${repeat}
<details><summary>The whole configuration</summary>
${table}</details>`;
}

export function versionSection({ summary, profiles, ledger }: RunRecord): string {
  const software = member(summary, 'software');
  const rows = [
    ['Gradcast', word(software, 'gradcast')],
    ['Node.js', word(software, 'node')],
  ].map(([name, value]) => [name, value === '?' ? 'not recorded' : value]);
  const versions = htmlTable({ caption: 'Of the coordinator', head: ['', 'version'], rows, isWords: true });
  const known = profiles.all.slice(0, MOST_PROFILES);
  const unknown = [...ledger.profiles.keys()].filter((digest) => !profiles.all.some((each) => each.digest === digest));
  const names = [...new Set(known.flatMap(({ facts }) => facts.map(([name]) => name)))];
  const facts = names.map((name) => [
    name,
    ...known.map(({ facts }) => facts.find(([each]) => each === name)?.[1] ?? '-'),
  ]);
  const steps = ['steps with it', ...known.map(({ digest }) => whole(ledger.profiles.get(digest) ?? 0))];
  const caption = 'Numeric profiles of the workers: what decides the last bits';
  const head = ['', ...known.map(({ digest }) => digest)];
  const more = profiles.all.length - known.length;
  const notes = [
    ...(more > 0 ? [`${counted(more, 'more profile is', 'more profiles are')} in events.jsonl.`] : []),
    ...(unknown.length > 0
      ? [
          `The ledger names ${counted(unknown.length, 'profile')} of which nothing else is known: ${unknown.slice(0, 8).join(', ')}.`,
        ]
      : []),
  ];
  return `${versions}
${known.length > 0 ? htmlTable({ caption, head, rows: [...facts, steps], isWords: true }) : '<p>Nothing is known of the profiles of its workers.</p>'}
${notes.map((note) => `<p>${escaped(note)}</p>`).join('\n')}`;
}

export function proofSection(record: RunRecord): string {
  const { id, config, summary, ledger } = record;
  const hash = (holder: unknown, key: string) => {
    const value = member(holder, key);
    return typeof value === 'string' && /^[0-9a-f]{16,128}$/.test(value) ? value : undefined;
  };
  const rows = [
    ['parameters, SHA-256', hash(summary, 'parametersSha256')],
    ['state, SHA-256', hash(summary, 'stateSha256')],
    ['data set, SHA-256', hash(config, 'dataset')],
    ['task file, SHA-256', hash(config, 'task')],
    [`ledger, line ${whole(ledger.lines)}, chain`, ledger.lines > 0 ? ledger.head : undefined],
  ].flatMap(([name, value]) => (value === undefined ? [] : [[name!, value]]));
  const run = quotedForShell(id);
  const step = stepsOf(record);
  const commands = [`gradcast verify ${run}`, ...(step > 0 ? [`gradcast replay ${run} --step ${step}`] : [])];
  const chain =
    ledger.fault === undefined && ledger.lines > 0
      ? `<p>All ${whole(ledger.lines)} lines of the ledger were chained when this page was made.</p>`
      : '';
  return `${rows.length > 0 ? htmlTable({ caption: 'What came out', head: ['', 'digest'], rows, isWords: true }) : '<p>The run has no hashes yet.</p>'}
${chain}
<p>In the folder that holds the run's: <code>verify</code> proves from the run's files that each step closed once, each sample was used as often
as it should be, and the hashes are those of the newest checkpoint. <code>replay</code> computes a step again on this machine, from the nearest
checkpoint before it, and compares the bits; <code>--step</code> takes any other as well.</p>
<pre tabindex="0"><code>${commands.map(escaped).join('\n')}</code></pre>`;
}

function shown(value: unknown): string {
  if (value === null) return 'none';
  return word({ value: typeof value === 'string' ? value : JSON.stringify(value) }, 'value');
}
