/** Who computed when: a lane for each worker over the time of the run, above them what happened. */
import { utc } from '@gradcast/watching';
import { escaped } from '../pages/html.ts';
import { htmlTable } from '../pages/html-table.ts';
import { clipped } from '../watch/text-table.ts';
import { COLUMNS } from './columns.ts';
import { MARKS } from './happenings.ts';
import type { Mark, MarkKind } from './happenings.ts';
import type { RunRecord } from './run-record.ts';
import type { WorkerRecord } from './workforce.ts';
import { clock, counted, duration, percent, whole } from './words.ts';

/** Workers with a lane of their own. */
const MOST_LANES = 24;
const LEFT = 132;
/** Of a column. */
const WIDE = 2;
const LANE = 14;
const GAP = 6;
const ROW = 15;
const NAME = 19;
const WIDTH = LEFT + COLUMNS * WIDE + 8;

export function timelineSection(record: RunRecord): string {
  const { time, workforce, happenings } = record;
  const workers = workforce.busiest(MOST_LANES);
  if (workers.length === 0) return '<p>Nobody computed anything.</p>';
  const table = workerTable(record, workers);
  if (!(time.seconds > 0)) return `<p>When each of them was there is not known.</p>\n${table}`;
  const checkpoints = happenings.count('checkpoint');
  const saved = checkpoints > 0 ? ` ${counted(checkpoints, 'checkpoint was', 'checkpoints were')} saved.` : '';
  return `<p>${counted(workforce.count, 'worker')} over ${duration(time.seconds)}.${escaped(saved)} ${breaks(record)}</p>
<ul class="legend">
<li>${swatch('busy', 10)} computes: between a lease and its last result; the higher, the more of the time</li>
<li>${swatch('there', 10)} is there and waits: for work, for others, for the network</li>
<li>${swatch('away', 10)} is not there</li>
</ul>
<div class="wide" role="region" aria-label="Time line of the workers" tabindex="0">
${figure(record, workers)}
</div>
${table}
${markTable(record)}`;
}

function swatch(kind: string, height: number): string {
  return `<svg class="key" aria-hidden="true" viewBox="0 0 28 10"><path class="${kind}" d="M0 ${10 - height}H28V10H0z"/></svg>`;
}

function breaks({ time }: RunRecord): string {
  if (time.breaks.length === 0) return '';
  const away = time.breaks.reduce((sum, { seconds }) => sum + seconds, 0);
  return `It was taken up again ${counted(time.breaks.length, 'time')}, where a line stands through all lanes; the ${duration(away)} in which nobody had it open are left out.`;
}

function figure(record: RunRecord, workers: readonly WorkerRecord[]): string {
  const { time, columns, happenings } = record;
  const rows = MARKS.filter((kind) => happenings.count(kind) > 0);
  const isIdle = happenings.idle.some((seconds) => seconds > 0);
  const top = 6 + ROW * (rows.length + Number(isIdle)) + GAP;
  const bottom = top + workers.length * (LANE + GAP);
  const marks = rows.map((kind, i) => markRow(kind, happenings.rows.get(kind)!.columns, 6 + ROW * i));
  if (isIdle) marks.push(idleRow(happenings.idle, columns.width, 6 + ROW * rows.length));
  const lanes = workers.map((worker, i) => lane(worker, columns.width, top + i * (LANE + GAP)));
  const again = time.breaks.map(({ at }) => `M${x(columns.at(at))} ${top - 3}V${bottom - 3}`).join('');
  const label = `What ${counted(workers.length, 'worker')} did over ${duration(time.seconds)}; the tables below have it in numbers`;
  return `<svg class="timeline" role="img" aria-label="${escaped(label)}" viewBox="0 0 ${WIDTH} ${bottom + 22}">
${marks.join('\n')}
${lanes.join('\n')}
${again === '' ? '' : `<path class="again" d="${again}"/>`}
${ticks(time.seconds, bottom)}
</svg>`;
}

function x(column: number): number {
  return LEFT + column * WIDE;
}

function lane(worker: WorkerRecord, seconds: number, y: number): string {
  const { name, present, busy } = worker;
  const there = bands(present, (value) => (value > 0 ? LANE : 0), y);
  const high = (value: number) =>
    value > 0 ? Math.max(1, Math.round((LANE * value) / (seconds * worker.workers))) : 0;
  const works = bands(busy, (value) => Math.min(LANE, high(value)), y);
  return `<g><title>${escaped(name)}</title><text x="0" y="${y + LANE - 3}">${escaped(clipped(name, NAME))}</text>
<path class="away" d="M${LEFT} ${y}H${x(COLUMNS)}V${y + LANE}H${LEFT}z"/><path class="there" d="${there}"/><path class="busy" d="${works}"/></g>`;
}

/** Neighbouring columns of one height as one rectangle, upon the foot of a lane. */
function bands(values: Float64Array, heightOf: (value: number) => number, y: number): string {
  let path = '';
  for (let from = 0; from < COLUMNS;) {
    const height = heightOf(values[from]);
    let to = from + 1;
    while (to < COLUMNS && heightOf(values[to]) === height) to++;
    if (height > 0) path += `M${x(from)} ${y + LANE - height}h${(to - from) * WIDE}v${height}h-${(to - from) * WIDE}z`;
    from = to;
  }
  return path;
}

function idleRow(idle: Float64Array, seconds: number, y: number): string {
  const path = bands(idle, (value) => (value > seconds / 4 ? 6 : 0), y - LANE + 10);
  return `<text x="0" y="${y + 10}">paused or waiting</text><path class="mark idle" d="${path}"/>`;
}

/** A shape at half a row's height, for each kind another. */
const SHAPES: Readonly<Record<MarkKind, string>> = {
  'started again': 'm0-5v10m-2-10h4m-4 10h4',
  waits: 'm-4-4h8l-8 8h8z',
  paused: 'm-2-4v8m4-8v8',
  joined: 'm0-4l4 8h-8z',
  left: 'm0 4l4-8h-8z',
  lost: 'm-4-4l8 8m0-8l-8 8',
  refused: 'm-4-4h8v8h-8z',
  'kept from work': 'm0-5l5 5l-5 5l-5-5z',
  'wrong result': 'm-4 0h8m-8-3h8m-5 6l2-9',
  trouble: 'm0-5v6m0 3v1',
  'skipped step': 'm-4 3a4 4 0 0 1 8 0',
  checkpoint: 'm0-2v4',
};

function markRow(kind: MarkKind, columns: Uint32Array, y: number): string {
  let path = '';
  columns.forEach((count, column) => {
    if (count > 0) path += `M${x(column) + 1} ${y + 6}${SHAPES[kind]}`;
  });
  return `<text x="0" y="${y + 10}">${kind}</text><path class="mark" d="${path}"/>`;
}

const TICKS = 5;

function ticks(seconds: number, y: number): string {
  const isFine = seconds < 30;
  const at = Array.from({ length: TICKS + 1 }, (_, i) => i / TICKS);
  return at
    .map((share, i) => {
      const anchor = i === 0 ? '' : i === TICKS ? ' class="right"' : ' class="middle"';
      return `<text${anchor} x="${LEFT + share * COLUMNS * WIDE}" y="${y + 14}">${clock(share * seconds, isFine)}</text>`;
    })
    .join('');
}

function workerTable({ time, config }: RunRecord, workers: readonly WorkerRecord[]): string {
  const all = workers.reduce((sum, { leaves }) => sum + leaves, 0);
  const size = Number(Reflect.get(config, 'microBatchSize'));
  const isKnown = time.seconds > 0;
  const rows = workers.map((worker) => {
    const { name, backend, device, leaves, unused, busySeconds, presentSeconds, lost, isVolunteer } = worker;
    const waits = isKnown && presentSeconds > 0 ? percent(Math.max(0, 1 - busySeconds / presentSeconds)) : '-';
    const speed = busySeconds > 0 && size > 0 ? whole((leaves * size) / busySeconds) : '-';
    return [
      isVolunteer ? `${name} (volunteer)` : name,
      backend,
      device,
      whole(leaves),
      all > 0 ? percent(leaves / all) : '-',
      speed,
      isKnown ? duration(presentSeconds) : '-',
      duration(busySeconds),
      waits,
      whole(unused),
      whole(lost),
    ];
  });
  const head = [
    'worker',
    'backend',
    'device',
    'micro-batches',
    'share',
    'images/s while it computed',
    'was there',
    'computed',
    'waited',
    'results not used',
    'lost',
  ];
  return htmlTable({ caption: 'Workers, the busiest first', head, rows });
}

function markTable({ happenings, time }: RunRecord): string {
  const { first, leftOut, last } = happenings.told;
  if (first.length === 0) return '';
  const isFine = time.seconds < 60;
  const row = ({ at, time: when, kind, sentence }: Mark) => [clock(at, isFine), utc(1000 * when), kind, sentence];
  const between = leftOut > 0 ? [['', '', '', `${whole(leftOut)} more, which gradcast events tells`]] : [];
  const rows = [...first.map(row), ...between, ...last.map(row)];
  const table = htmlTable({ caption: 'What happened', head: ['at', 'time (UTC)', 'what', ''], rows, isWords: true });
  return `<details><summary>What happened, in words</summary>\n${table}</details>`;
}
