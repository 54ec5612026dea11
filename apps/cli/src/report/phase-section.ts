/** Where the time of the steps went: in all, and of each worker. */
import { PHASE_WORDS, phaseShares, secondsOf } from '@gradcast/watching';
import type { RunPhases, WorkerSeconds } from '@gradcast/watching';
import { heldBack } from '../held-back.ts';
import { escaped } from '../pages/html.ts';
import { htmlTable } from '../pages/html-table.ts';
import { clipped } from '../watch/text-table.ts';
import type { RunRecord } from './run-record.ts';
import { counted, duration, percent, whole } from './words.ts';

const MOST_WORKERS = 24;
const WIDTH = 940;
/** Of the bar of all steps, which is to be read on a phone, too. */
const TOTAL = 640;
const LEFT = 132;
const BAR = 22;
const LANE = 18;
/** Of a bar's parts those that have room for their number. */
const ROOM = 0.025;

/** What a worker does of the time that it is there. */
const PARTS = ['compute', 'network', 'overdue', 'waiting'] as const satisfies readonly (keyof WorkerSeconds)[];
const PART_WORDS: Readonly<Record<(typeof PARTS)[number], string>> = {
  compute: 'computing',
  network: 'network',
  overdue: 'what others brought',
  waiting: 'waiting',
};

export function phaseSection({
  summary,
  phases,
  lastPhases,
  time,
}: Pick<RunRecord, 'summary' | 'phases' | 'lastPhases' | 'time'>): string {
  const total = phases ?? lastPhases?.total;
  const shares = total ? phaseShares(total) : [];
  if (!total || shares.length === 0) return '<p>Nobody wrote down where the time of the steps went.</p>';
  const all = secondsOf(total);
  const open = time.seconds > all ? ` of the ${duration(time.seconds)} in which the run was open` : '';
  const bar = stacked(
    shares.map(({ share }) => share),
    { x: 0, y: 0, width: TOTAL, height: BAR },
  );
  const legend = shares.map(
    ({ name, seconds, share }, i) =>
      `<li>${key(i)} ${i + 1} ${escaped(PHASE_WORDS[name])}: ${duration(seconds)}, ${percent(share)}</li>`,
  );
  const said = shares.map(({ name, share }) => `${PHASE_WORDS[name]} ${percent(share)}`).join(', ');
  const held = heldBack(summary);
  return `${held === undefined ? '' : `<p>Over its last start: ${escaped(held)}</p>\n`}<p>The steps took ${duration(all)}${open}. What is hidden behind the computing of workers is not counted.</p>
<svg class="bars" role="img" aria-label="${escaped(said)}" viewBox="0 0 ${TOTAL} ${BAR}">
${bar}
</svg>
<ul class="legend">
${legend.join('\n')}
</ul>
${lastPhases ? workerPart(lastPhases) : ''}`;
}

function workerPart({ steps, workers, rest }: RunPhases): string {
  const some = workers.slice(0, MOST_WORKERS);
  if (some.length === 0) return '';
  const rows = some.map(({ worker, leaves, ...parts }) => ({ name: worker, leaves, parts }));
  const lanes = rows.map(({ name, parts }, i) => {
    const sum = sumOf(parts);
    const y = i * (LANE + 4);
    const shares = PARTS.map((part) => (sum > 0 ? parts[part] / sum : 0));
    return `<text x="0" y="${y + LANE - 5}">${escaped(clipped(name, 19))}</text>${stacked(shares, { x: LEFT, y, width: WIDTH - LEFT, height: LANE })}`;
  });
  const legend = PARTS.map((part, i) => `<li>${key(i)} ${i + 1} ${PART_WORDS[part]}</li>`).join('');
  const more = [
    ...workers.slice(MOST_WORKERS).map(({ leaves, ...parts }) => ({ workers: 1, leaves, parts })),
    ...(rest ? [{ workers: rest.workers, leaves: rest.leaves, parts: rest as WorkerSeconds }] : []),
  ];
  const others = more.reduce((sum, each) => sum + each.workers, 0);
  const row = (name: string, leaves: number, parts: WorkerSeconds) => [
    name,
    whole(leaves),
    ...PARTS.map((part) => duration(parts[part])),
    percent(parts.compute / sumOf(parts)),
  ];
  const table = [
    ...rows.map(({ name, leaves, parts }) => row(name, leaves, parts)),
    ...(others > 0
      ? [
          row(
            `${whole(others)} others`,
            more.reduce((sum, { leaves }) => sum + leaves, 0),
            together(more.map(({ parts }) => parts)),
          ),
        ]
      : []),
  ];
  const head = ['worker', 'micro-batches', ...PARTS.map((part) => PART_WORDS[part]), 'computes'];
  const height = rows.length * (LANE + 4);
  return `<h3>Of each worker</h3>
<p>Over the ${counted(steps, 'step')} of the last start, of the time that it was there.</p>
<ul class="legend">${legend}</ul>
<div class="wide" role="region" aria-label="Parts of each worker's time" tabindex="0">
<svg class="bars timeline" role="img" aria-label="Parts of the time of ${counted(rows.length, 'worker')}; the table below has them in numbers" viewBox="0 0 ${WIDTH} ${height}">
${lanes.join('\n')}
</svg>
</div>
${htmlTable({ caption: 'Time of each worker', head, rows: table })}`;
}

function sumOf(parts: WorkerSeconds): number {
  return PARTS.reduce((sum, part) => sum + parts[part], 0);
}

function together(all: readonly WorkerSeconds[]): WorkerSeconds {
  const sum = { compute: 0, network: 0, overdue: 0, waiting: 0 };
  for (const each of all) for (const part of PARTS) sum[part] += each[part];
  return sum;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Parts of a whole one behind the other, each with its number where there is room. */
function stacked(shares: readonly number[], { x, y, width, height }: Box): string {
  let from = x;
  return shares
    .map((share, i) => {
      const wide = share * width;
      const at = from;
      from += wide;
      if (wide < 0.5) return '';
      const number =
        share > ROOM
          ? `<text class="on middle" x="${(at + wide / 2).toFixed(1)}" y="${y + height - 5}">${i + 1}</text>`
          : '';
      return `<rect class="p${i}" x="${at.toFixed(1)}" y="${y}" width="${Math.max(0.5, wide - 1).toFixed(1)}" height="${height}"/>${number}`;
    })
    .join('');
}

function key(i: number): string {
  return `<svg class="key" aria-hidden="true" viewBox="0 0 28 10"><rect class="p${i}" width="28" height="10"/></svg>`;
}
