/**
 * `gradcast animate`: a run's sample grids, one after the other, as an animated PNG. The grids show the same points of the latent
 * space step after step, so it shows the training. They are re-framed one by one, not decoded.
 */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Animation, AnimationError } from '@gradcast/evaluate';
import { systemCode } from '@gradcast/files';
import { readRun } from '@gradcast/run-folder';
import { sampleGrids } from '@gradcast/watching';
import type { SampleGrid } from '@gradcast/watching';
import { warnOnStderr } from './outputs/open-engine.ts';
import { OutputError } from './outputs/output-error.ts';
import { assertPlace, streamOutputFile } from './outputs/place.ts';
import type { Watched } from './outputs/watched.ts';
import { evenly } from './pages/evenly.ts';

export interface AnimateOptions {
  /** Run folder. */
  readonly run: string;
  /** The most frames, 2 or more. */
  readonly frames: number;
  /** Frames a second. */
  readonly fps: number;
  /** Ends in `.png`; its folder must exist. */
  readonly output: string;
}

export interface AnimateResult {
  readonly output: string;
  /** The steps after which its frames were drawn, in order. */
  readonly steps: readonly number[];
}

/** The last grid is looked at for longer. */
const LAST_MS = 2000;
/** A grid of a run is some 50 kB; nothing much larger is read. */
const MAX_GRID_BYTES = 64 * 2 ** 20;
/** Steps that a sentence names one by one. */
const NAMED = 6;

/**
 * Writes the animation atomically.
 *
 * @throws OutputError; RunError for what `run` names; the reason of `signal` if that is aborted.
 */
export async function runAnimate(
  options: AnimateOptions,
  around: Watched & { readonly warn?: (line: string) => void } = {},
): Promise<AnimateResult> {
  const { run, frames, fps } = options;
  const { warn = warnOnStderr, signal, progress } = around;
  const output = resolve(options.output);
  await assertPlace(output, 'file');
  await readRun(run);
  const grids = await gridsOf(run);
  const shown = evenly(grids, frames);
  warn(sentenceOf(shown, grids.length));
  const delayMs = Math.round(1000 / fps);
  const bytes = async function* () {
    const animation = new Animation({ frames: shown.length });
    for (const [index, { path }] of shown.entries()) {
      signal?.throwIfAborted();
      const isLast = index === shown.length - 1;
      yield addedTo(animation, { path, png: await readGrid(path) }, isLast ? LAST_MS : delayMs);
      progress?.(index + 1, shown.length);
    }
    yield animation.end();
  };
  await streamOutputFile(output, bytes());
  return { output, steps: shown.map(({ step }) => step) };
}

/** In the order of their steps. @throws OutputError `no-grids` */
async function gridsOf(run: string): Promise<SampleGrid[]> {
  const grids = await sampleGrids(run);
  if (grids.length > 0) return grids;
  const folder = join(run, 'samples');
  throw new OutputError('no-grids', `${folder} has no sample grids: the task draws none, or the run had --no-samples`);
}

function sentenceOf(shown: readonly SampleGrid[], grids: number): string {
  const steps = shown.map(({ step }) => step);
  const half = NAMED / 2;
  const named = steps.length <= NAMED ? steps : [...steps.slice(0, half), '...', ...steps.slice(-half)];
  const frames = steps.length === 1 ? '1 frame' : `${steps.length} frames`;
  return `${frames} of ${grids === 1 ? '1 grid' : `${grids} grids`}, after steps ${named.join(', ')}`;
}

async function readGrid(path: string): Promise<Uint8Array> {
  try {
    if ((await stat(path)).size <= MAX_GRID_BYTES) return await readFile(path);
  } catch (cause) {
    throw new OutputError('bad-grid', `${path} cannot be read (${systemCode(cause)})`, { cause });
  }
  throw new OutputError('bad-grid', `${path} is larger than any grid of a run`);
}

function addedTo(
  animation: Animation,
  { path, png }: { readonly path: string; readonly png: Uint8Array },
  delayMs: number,
): Uint8Array {
  try {
    return animation.add(png, delayMs);
  } catch (cause) {
    if (!(cause instanceof AnimationError)) throw cause;
    throw new OutputError('bad-grid', `${path} cannot be a frame: ${cause.message}`, { cause });
  }
}
