/** A view of a run as lines of text. Pure: the same view, size and time give the same lines. */
import { duration } from '../progress-line.ts';
import { printable } from '@gradcast/protocol';
import { PHASE_WORDS, utc } from '@gradcast/watching';
import { wrap } from '../wrap.ts';
import { sparkline } from './sparkline.ts';
import { clipped, showNumber, showSpeed, textTable } from './text-table.ts';
import type { TopView, TopWorker } from './top-view.ts';

export interface FrameSize {
  readonly columns: number;
  /** Lines at most; Infinity where nobody counts them. */
  readonly rows: number;
}

/** Fewest characters of a curve. */
const NARROW = 16;

/**
 * @param picture lines that are shown as they are, where there is room.
 * @returns at most `rows` lines of at most `columns` characters.
 */
export function topFrame(view: TopView, { columns, rows }: FrameSize, picture: readonly string[] = []): string[] {
  const head = [headLine(view), printable(view.title, 400)];
  if (view.stale !== null) head.push(`STALE: ${view.stale}${view.asOf === null ? '' : `, of ${utc(view.asOf)} UTC`}`);
  const curves = curveLines(view, columns);
  const score = view.score === null ? [] : [`samples  ${view.score}`];
  const grid = view.grid === null || picture.length > 0 ? [] : [`grid     ${printable(view.grid, 400)}`];
  const fixed = [...head, ...curves, ...score, ...phaseLines(view, columns), ...grid, ''];
  const table = workerLines(view);
  const room = rows - fixed.length;
  const shown = fit(table, room);
  const pictureRoom = room - shown.length - 1;
  const below = picture.length > 0 && picture.length <= pictureRoom ? ['', ...picture] : [];
  const text = [...fixed, ...shown].slice(0, rows).map((line) => clipped(line, columns));
  return [...text, ...below];
}

/** Lines that a picture may have below everything else. */
export function pictureRoom(view: TopView, { columns, rows }: FrameSize): number {
  return rows - topFrame(view, { columns, rows }).length - 1;
}

function headLine({ state, step, steps, imagesPerSecond, etaSeconds }: TopView): string {
  const at = step === null ? [] : [`step ${step}${steps === null ? '' : ` of ${steps}`}`];
  const share = step !== null && steps !== null && steps > 0 ? [`${Math.floor((100 * step) / steps)} %`] : [];
  const speed = imagesPerSecond === null ? [] : [`${showSpeed(imagesPerSecond)} images/s`];
  const eta = etaSeconds === null ? [] : [`${duration(etaSeconds)} left`];
  return [state, ...at, ...share, ...speed, ...eta].join('   ');
}

function curveLines({ curves }: TopView, columns: number): string[] {
  const some = curves.filter(({ values }) => values.length > 0);
  const names = Math.max(0, ...some.map(({ name }) => name.length));
  const width = Math.max(NARROW, columns - names - 14);
  const rows = some.map(({ name, values }) => [name, showNumber(values[values.length - 1]), sparkline(values, width)]);
  return textTable(rows, [1]);
}

/** Phases below this share have no room. */
const SHOWN_SHARE = 0.01;

function phaseLines({ phases }: TopView, columns: number): string[] {
  if (phases === null) return [];
  const words = PHASE_WORDS as Readonly<Partial<Record<string, string>>>;
  const shares = phases.shares
    .filter(({ share }) => share >= SHOWN_SHARE)
    .map(({ name, share }) => `${words[name] ?? name} ${(100 * share).toFixed(0)} %`);
  const lines = [shares.join(', '), phases.sentence].flatMap((text) => wrap(text, columns - INDENT.length));
  return lines.map((line, i) => `${i === 0 ? 'time     ' : INDENT}${line}`);
}

const INDENT = '         ';

function workerLines({ workers, aboutWorkers }: TopView): string[] {
  const about = aboutWorkers === null ? [] : [`workers: ${aboutWorkers}`];
  if (workers.length === 0) return [...about, 'no worker'];
  const head = ['worker', 'role', 'backend', 'device', 'state', 'share', 'images/s'];
  return [...about, ...textTable([head, ...workers.map(cellsOf)], [5, 6])];
}

function cellsOf({ name, role, backend, device, state, share, imagesPerSecond }: TopWorker): string[] {
  const percent = share === null ? '-' : `${(100 * share).toFixed(0)} %`;
  const words = [role, backend, device, state].map((each) => each ?? '-');
  return [name, ...words, percent, showSpeed(imagesPerSecond ?? NaN)];
}

/** As many lines as there is room for; the last says how many are left out. */
function fit(lines: readonly string[], room: number): string[] {
  if (lines.length <= room) return [...lines];
  const shown = Math.max(0, room - 1);
  return [...lines.slice(0, shown), `and ${lines.length - shown} more`];
}
