/**
 * `gradcast interpolate`: a closed walk through the latent space of a run's generator, as an animated PNG. Frames are drawn and
 * written a few at a time, so a walk of any length needs the same memory.
 */
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { BackendRequest } from '@gradcast/backends-node';
import { Animation, latentWalk, referenceInputs, sampleGrid } from '@gradcast/evaluate';
import { openChosenEngine, warnOnStderr, type DrawingSurroundings } from './outputs/open-engine.ts';
import { OutputError } from './outputs/output-error.ts';
import { assertPlace, streamOutputFile } from './outputs/place.ts';
import { imagesOf, openTrainedModel, originalsOf } from './outputs/trained-model.ts';
import type { Watched } from './outputs/watched.ts';

export interface InterpolateOptions {
  /** Run folder, of which the newest sound checkpoint is taken, or checkpoint file. */
  readonly run: string;
  /** Walks side by side in a grid. */
  readonly count: number;
  /** Key points of each walk. */
  readonly points: number;
  /** Frames from one key point to the next. */
  readonly frames: number;
  /** Frames a second. */
  readonly fps: number;
  /** Unsigned integer below 2^53: the key points are the first samples of this seed. */
  readonly seed: number;
  /** Ends in `.png`; its folder must exist. */
  readonly output: string;
  readonly backend: BackendRequest;
  readonly task: string | null;
}

export interface InterpolateResult {
  readonly output: string;
  /** The checkpoint the generator came from. */
  readonly checkpoint: string;
  readonly step: number;
  readonly frames: number;
}

/** Samples drawn at once: bounds the memory. */
const AT_ONCE = 2048;

/**
 * Draws the walk and writes it atomically.
 *
 * @throws OutputError; RunError and CheckpointError for what `run` names; BackendError; the reason of `signal` if that is aborted.
 */
export async function runInterpolate(
  options: InterpolateOptions,
  around: DrawingSurroundings & Watched = {},
): Promise<InterpolateResult> {
  const { count, points, frames: steps, fps, seed } = options;
  const { openEngine = openChosenEngine, warn = warnOnStderr, signal, progress } = around;
  const output = resolve(options.output);
  await assertPlace(output, 'file');
  const model = await openTrainedModel({ run: options.run, task: options.task, warn });
  const drawn = imagesOf(model);
  const { task, path: checkpoint, step } = model;
  if (!drawn.inputs.some(({ source }) => source === 'noise')) {
    throw new OutputError(
      'no-noise',
      `${checkpoint} is of the preset ${task.name}, which draws from no noise to walk through`,
    );
  }
  const frames = points * steps;
  const { shape } = drawn.values;
  const columns = Math.ceil(Math.sqrt(count));
  const delayMs = Math.round(1000 / fps);
  const engine = await openEngine(task, options.backend, warn);
  try {
    engine.load(model.parameters);
    const originals = await originalsOf(model, drawn);
    const reference = referenceInputs(drawn, originals);
    const walk = latentWalk(drawn, { count, points, steps, seed, originals });
    const atOnce = Math.max(1, Math.floor(AT_ONCE / count));
    const bytes = async function* () {
      const animation = new Animation({ frames });
      for (let first = 0; first < frames; first += atOnce) {
        // A backend may compute without ever waiting; signals come between.
        await setImmediate();
        signal?.throwIfAborted();
        const some = Math.min(atOnce, frames - first);
        const images = (await engine.infer(walk(first, some), reference)) as Uint8Array;
        const size = images.length / some;
        for (let frame = 0; frame < some; frame++) {
          const grid = images.subarray(frame * size, (frame + 1) * size);
          yield animation.add(sampleGrid(grid, { count, shape, columns }), delayMs);
        }
        progress?.(first + some, frames);
      }
      yield animation.end();
    };
    await streamOutputFile(output, bytes());
  } finally {
    engine.dispose();
  }
  return { output, checkpoint, step, frames };
}
