/**
 * A dashboard as a page: each panel in its place, drawn as SVG from what Prometheus answered. It looks like Grafana's as far as a
 * reader of the docs needs: figures, lines and areas, a legend, three values on the axis.
 */
import type { Series } from '@gradcast/testing';
import type { GrafanaDashboard, GrafanaPanel } from './panels.ts';

/** A series of a panel under its legend. */
export interface Line {
  readonly legend: string;
  /** Seconds since 1970, and a finite number. */
  readonly points: readonly (readonly [number, number])[];
}

/** Pixels of one of the grid's 24 columns, of one of its rows, and between panels. */
const COLUMN = 54;
const ROW = 30;
const GAP = 8;
export const WIDTH = 24 * COLUMN + GAP;
/** Room in a panel for its title, its axis, and the times below it. */
const TITLE = 26;
const AXIS = 72;
const FOOT = 20;
/** Lines of a legend that are shown. */
const MOST_LEGENDS = 12;
const COLORS = [
  '#73bf69',
  '#f2cc0c',
  '#5794f2',
  '#ff780a',
  '#e02f44',
  '#b877d9',
  '#37872d',
  '#8ab8ff',
  '#ffb357',
  '#96d98d',
  '#c4162a',
  '#ca95e5',
];
const MAX_GAP_SECONDS = 5;

/** Lines of a panel: each answer's series under the target's legend, numbers that are none left out. */
export function linesOf(legendFormat: string, answer: readonly Series[]): Line[] {
  return answer.map(({ metric, values = [] }) => ({
    legend: legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '').trim() || 'none',
    points: values.map(([time, value]) => [time, Number(value)] as const).filter(([, value]) => Number.isFinite(value)),
  }));
}

/** @param lines of each panel, in order. */
export function page(
  { title, panels }: GrafanaDashboard,
  lines: readonly (readonly Line[])[],
  from: number,
  to: number,
): string {
  const drawn = panels.map((panel, i) =>
    panel.type === 'stat' ? figure(panel, lines[i]) : chart(panel, lines[i], [from, to]),
  );
  const height = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * ROW + GAP;
  return `<!doctype html><meta charset="utf-8"><title>${text(title)}</title><style>
body{margin:0;background:#111217;color:#ccccdc;font:12px sans-serif}
h1{font-size:16px;font-weight:500;margin:12px 16px}
main{position:relative;width:${WIDTH}px;height:${height}px}
section{position:absolute;box-sizing:border-box;background:#181b1f;border:1px solid #2a2d33;border-radius:2px;overflow:hidden}
h2{font-size:13px;font-weight:500;margin:6px 8px 0;height:${TITLE - 6}px;white-space:nowrap}
.figure{text-align:center;font-size:34px;font-weight:500;color:#73bf69;line-height:${4 * ROW - TITLE - 3 * GAP}px}
.legend{position:absolute;left:8px;right:8px;bottom:4px;line-height:15px;height:30px;overflow:hidden}
.legend span{margin-right:10px;white-space:nowrap;display:inline-block}
i{display:inline-block;width:10px;height:3px;margin-right:4px;vertical-align:middle}
svg text{fill:#8e8e9c;font-size:11px}</style><h1>${text(title)}</h1><main>${drawn.join('')}</main>`;
}

function frame({ title, gridPos: { x, y, w, h } }: GrafanaPanel, content: string): string {
  const place = `left:${x * COLUMN + GAP}px;top:${y * ROW}px;width:${w * COLUMN - GAP}px;height:${h * ROW - GAP}px`;
  return `<section style="${place}"><h2>${text(title)}</h2>${content}</section>`;
}

function figure(panel: GrafanaPanel, lines: readonly Line[]): string {
  const value = lines[0]?.points.at(-1)?.[1];
  return frame(panel, `<div class="figure">${value === undefined ? 'no data' : shown(value, unitOf(panel))}</div>`);
}

function chart(panel: GrafanaPanel, all: readonly Line[], [from, to]: readonly [number, number]): string {
  const isStacked = panel.fieldConfig.defaults.custom?.stacking?.mode === 'normal';
  const lines = all.filter(({ points }) => points.length > 0);
  const width = panel.gridPos.w * COLUMN - GAP - AXIS - GAP;
  const height = panel.gridPos.h * ROW - GAP - TITLE - FOOT - 38;
  const bands = isStacked
    ? stacked(lines)
    : lines.map(({ points }) => points.map(([time, top]) => ({ time, low: 0, top })));
  const tops = bands.flat().flatMap(({ low, top }) => [low, top]);
  const highest = Math.max(...tops, 0);
  const most = highest > 0 ? highest * 1.08 : 1;
  const least = Math.min(...tops, 0) * 1.08;
  const x = (time: number) => (((time - from) / (to - from)) * width).toFixed(1);
  const y = (value: number) => (height - ((value - least) / (most - least)) * height).toFixed(1);
  const shapes = bands.map((band, i) => {
    // A line of zeros would hide the one below it.
    if (isStacked && band.every(({ low, top }) => low === top)) return [];
    const color = COLORS[i % COLORS.length];
    return runsOf(band).map((run) => {
      const edge = run.map(({ time, top }, k) => `${k === 0 ? 'M' : 'L'}${x(time)} ${y(top)}`).join('');
      const under = run.toReversed().map(({ time, low }) => `L${x(time)} ${y(low)}`);
      const area = isStacked ? `<path d="${edge}${under.join('')}Z" fill="${color}" fill-opacity=".4"/>` : '';
      return `${area}<path d="${edge}" fill="none" stroke="${color}" stroke-width="1.5"/>`;
    });
  });
  const marks = [least, (least + most) / 2, most].map((value) => {
    const at = y(value);
    return `<path d="M0 ${at}H${width}" stroke="#2a2d33"/><text x="-6" y="${Number(at) + 4}" text-anchor="end">${shown(value, unitOf(panel))}</text>`;
  });
  const times = [0, 0.5, 1].map((share) => {
    const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
    return `<text x="${share * width}" y="${height + 14}" text-anchor="${anchor}">${Math.round(share * (to - from))} s</text>`;
  });
  const svg = `<svg width="100%" height="${height + FOOT}"><g transform="translate(${AXIS} 4)">${[...marks, ...times, ...shapes.flat()].join('')}</g></svg>`;
  const legend = lines
    .slice(0, MOST_LEGENDS)
    .map(({ legend: name }, i) => `<span><i style="background:${COLORS[i % COLORS.length]}"></i>${text(name)}</span>`);
  return frame(
    panel,
    `${lines.length > 0 ? svg : '<div class="figure">no data</div>'}<div class="legend">${legend.join('')}</div>`,
  );
}

interface Band {
  readonly time: number;
  readonly low: number;
  readonly top: number;
}

/** Each line on top of those before it. */
function stacked(lines: readonly Line[]): Band[][] {
  const sums = new Map<number, number>();
  return lines.map(({ points }) =>
    points.map(([time, value]) => {
      const low = sums.get(time) ?? 0;
      sums.set(time, low + value);
      return { time, low, top: low + value };
    }),
  );
}

/** What belongs together: a series that was not there for a while is not drawn across that. */
function runsOf(band: readonly Band[]): Band[][] {
  const runs: Band[][] = [];
  for (const point of band) {
    const run = runs.at(-1);
    if (run && point.time - run.at(-1)!.time <= MAX_GAP_SECONDS) run.push(point);
    else runs.push([point]);
  }
  return runs;
}

const unitOf = (panel: GrafanaPanel) => panel.fieldConfig.defaults.unit;

/** A number in one of the units that the dashboards use. */
function shown(value: number, unit: string): string {
  switch (unit) {
    case 's':
      return Math.abs(value) < 1 && value !== 0 ? `${round(value * 1000)} ms` : `${round(value)} s`;
    case 'bytes':
    case 'Bps':
      return `${scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])}${unit === 'Bps' ? '/s' : ''}`;
    case 'percentunit':
      return `${round(value * 100)} %`;
    case 'short':
      return scaled(value, 1000, ['', 'K', 'Mil']);
    default:
      return round(value);
  }
}

function scaled(value: number, base: number, names: readonly string[]): string {
  let rest = value;
  let i = 0;
  while (Math.abs(rest) >= base && i < names.length - 1) {
    rest /= base;
    i++;
  }
  return `${round(rest)} ${names[i]}`.trim();
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function text(words: string): string {
  return words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
