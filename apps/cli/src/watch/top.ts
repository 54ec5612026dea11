/**
 * `gradcast top`: a run as it goes on, in place on a terminal; once where there is none.
 *
 * Invariant: however it ends, the terminal has its cursor and its own screen back, with the last view on it.
 */
import { readFile, stat } from 'node:fs/promises';
import { decodePng } from '@gradcast/dataset';
import { RunError } from '@gradcast/files';
import { listRuns, lockHolder } from '@gradcast/run-folder';
import { EXIT_DONE } from '../exit-codes.ts';
import { canShowPictures, greyOf, gridInText } from './half-blocks.ts';
import type { GreyImage } from './half-blocks.ts';
import { GRID_BYTES } from './run-files.ts';
import { pictureRoom, topFrame } from './top-frame.ts';
import type { FrameSize } from './top-frame.ts';
import { RunSource } from './top-run.ts';
import { UrlSource } from './top-url.ts';
import type { TopSource, TopView } from './top-view.ts';
import type { Screen, Watching } from './watching.ts';

export interface TopRequest {
  /** A run's folder or the address of a coordinator's metrics; null for the newest run that goes on, else the newest. */
  readonly of: string | null;
  /** Folder of runs, where none is named. */
  readonly out: string;
  readonly once: boolean;
  readonly json: boolean;
}

const REDRAW_MS = 1_000;
/** Between the two looks that tell a speed where one look does not. */
const APART_MS = 1_000;

/** The other screen, without a cursor; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_REST_OF_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** @throws RunError, OperateError for what is not there at the first look; an error of the system. */
export async function runTop(request: TopRequest, around: Watching): Promise<number> {
  const { stdout } = around;
  const source = await sourceOf(request, around);
  if (request.once || request.json || stdout.isTTY !== true) return showOnce(request, source, around);
  const pictures = new Pictures(canShowPictures(around.environment));
  let view = await source.look();
  stdout.write(ENTER);
  try {
    for (;;) {
      const lines = await frameOf(view, sizeOf(stdout), pictures);
      stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_REST_OF_LINE}`).join('\r\n')}${CLEAR_BELOW}`);
      if (view.isOver) break;
      await around.clock.pause(REDRAW_MS, around.signal);
      if (around.signal.aborted || stdout.destroyed === true) break;
      view = await lookAgain(source, view);
    }
  } finally {
    stdout.write(LEAVE);
  }
  const lines = await frameOf(view, { ...sizeOf(stdout), rows: Infinity }, pictures);
  stdout.write(`${lines.join('\n')}\n`);
  return EXIT_DONE;
}

async function showOnce({ json }: TopRequest, source: TopSource, around: Watching): Promise<number> {
  const { stdout, environment, clock, signal } = around;
  let view = await source.look();
  if (view.imagesPerSecond === null && !view.isOver) {
    await clock.pause(APART_MS, signal);
    view = await source.look();
  }
  const pictures = new Pictures(stdout.isTTY === true && canShowPictures(environment));
  if (json) stdout.write(`${JSON.stringify({ type: 'top', ...view })}\n`);
  else {
    const size = { columns: stdout.columns ?? 100, rows: Infinity };
    stdout.write(`${(await frameOf(view, size, pictures)).join('\n')}\n`);
  }
  return EXIT_DONE;
}

async function sourceOf({ of, out }: TopRequest, { clock }: Watching): Promise<TopSource> {
  const { now } = clock;
  if (of !== null) return /^https?:\/\//i.test(of) ? new UrlSource(of, now) : new RunSource(of, now);
  const runs = await listRuns(out);
  for (const { path } of runs) if ((await lockHolder(path, now())) === 'held') return new RunSource(path, now);
  const newest = runs.at(0);
  if (!newest) throw new RunError('run-missing', `there is no run in ${out}; top RUN or top URL shows one elsewhere`);
  return new RunSource(newest.path, now);
}

/** A run whose folder cannot be read any more is shown as it was, and said to be stale. */
async function lookAgain(source: TopSource, before: TopView): Promise<TopView> {
  try {
    return await source.look();
  } catch (error) {
    return { ...before, stale: error instanceof Error ? error.message : String(error) };
  }
}

function sizeOf({ columns = 80, rows = 24 }: Screen): FrameSize {
  // The last column and line stay free: some terminals wrap or scroll as soon as they are filled.
  return { columns: columns - 1, rows: rows - 1 };
}

/** Rows of a picture where nobody counts them: two rows of digits. */
const PICTURE_ROWS = 17;

async function frameOf(view: TopView, size: FrameSize, pictures: Pictures): Promise<string[]> {
  const rows = Math.min(PICTURE_ROWS, pictureRoom(view, size) + (view.grid === null ? 0 : 1));
  const grid = await pictures.of(view.grid);
  const picture = grid ? gridInText(grid, { columns: size.columns, rows }) : [];
  return topFrame(view, size, picture);
}

/** The newest grid, decoded once. */
class Pictures {
  readonly #wanted: boolean;
  #path: string | null = null;
  #image: GreyImage | undefined;

  constructor(wanted: boolean) {
    this.#wanted = wanted;
  }

  /** @returns undefined where there is none to show; a grid that cannot be read is none. */
  async of(path: string | null): Promise<GreyImage | undefined> {
    if (!this.#wanted || path === null) return undefined;
    if (path === this.#path) return this.#image;
    try {
      if ((await stat(path)).size > GRID_BYTES) return undefined;
      const { shape, pixels } = decodePng(await readFile(path), path);
      this.#image = greyOf(shape, pixels);
      this.#path = path;
    } catch {
      // It is being written, or damaged: the one before stays.
    }
    return this.#image;
  }
}
