/**
 * `gradcast sample`: draws images with the model of a run. It takes the moving average of its parameters where the run
 * has one, and BatchNorm statistics from fixed reference inputs, as the grids of a run do.
 */
import { extname, resolve } from 'node:path';
import type { BackendRequest } from '@gradcast/backends-node';
import { encodeNpy, gridShape, outputInputs, referenceInputs, sampleGrid, samplePngs } from '@gradcast/evaluate';
import type { GridShape, ImageShape } from '@gradcast/evaluate';
import { chosenLabels } from '@gradcast/task';
import type { ImageOutput } from '@gradcast/task';
import { openChosenEngine, warnOnStderr, type DrawingSurroundings } from './outputs/open-engine.ts';
import { OutputError } from './outputs/output-error.ts';
import { assertPlace, writeOutputFile, writeOutputFolder } from './outputs/place.ts';
import { imagesOf, openTrainedModel, originalsOf } from './outputs/trained-model.ts';

/** What to draw. */
export interface SampleOptions {
  /** Run folder, of which the newest sound checkpoint is taken, or checkpoint file. */
  readonly run: string;
  /** Null for 64, or 8 of each class where the model is told classes. */
  readonly count: number | null;
  /** The class of all samples; null lets the classes of a model that is told them take turns. */
  readonly digit: number | null;
  /** Unsigned integer below 2^53: the same seed gives the same points of the latent space. */
  readonly seed: number;
  /**
   * Ends in `.png` for a grid, `.npy` for bytes `[count, H, W]`, with a fourth axis for colours, or `/` for a folder with one
   * PNG a sample; the folder that it lies in must exist.
   */
  readonly output: string;
  readonly backend: BackendRequest;
  /** Path of the user's task file, if it is not where the run was started with it. */
  readonly task: string | null;
}

/** What was drawn. */
export interface SampleResult {
  readonly output: string;
  /** The checkpoint the generator came from. */
  readonly checkpoint: string;
  readonly step: number;
}

/** Rows and columns of a grid; a large grid grows into a square. */
const COLUMNS = 8;

/** With a row for each class; more samples grow into a square, too. */
const MOST_COLUMNS = 64;

/** Drawn of one class, unless somebody asks for another number. */
const SAMPLES = 64;

/**
 * Draws samples and writes them atomically.
 *
 * @throws OutputError; RunError and CheckpointError for what `run` names; BackendError.
 */
export async function runSample(options: SampleOptions, around: DrawingSurroundings = {}): Promise<SampleResult> {
  const { seed, backend, digit } = options;
  const { openEngine = openChosenEngine, warn = warnOnStderr } = around;
  const output = resolve(options.output);
  const form = formOf(options.output);
  await assertPlace(output, form.kind);
  const model = await openTrainedModel({ run: options.run, task: options.task, warn });
  const drawn = imagesOf(model);
  const { task, path: checkpoint, step } = model;
  if (digit !== null) assertDigit(digit, { output: drawn, preset: task.name, checkpoint });
  const grid = digit === null ? gridShape(drawn) : { count: SAMPLES };
  const count = options.count ?? grid.count;
  const engine = await openEngine(task, backend, warn);
  try {
    engine.load(model.parameters);
    const originals = await originalsOf(model, drawn);
    const inputs = outputInputs(drawn, { count, seed, originals, label: digit ?? undefined });
    const images = await engine.infer(inputs, referenceInputs(drawn, originals));
    await form.write(output, images as Uint8Array, { count, shape: drawn.values.shape, rows: grid.rows });
  } finally {
    engine.dispose();
  }
  return { output, checkpoint, step };
}

/** @throws OutputError `no-labels`, `digit-unknown` */
function assertDigit(
  digit: number,
  {
    output,
    preset,
    checkpoint,
  }: { readonly output: ImageOutput; readonly preset: string; readonly checkpoint: string },
): void {
  const labels = chosenLabels(output);
  if (!labels) {
    const sentence = `${checkpoint} is of the preset ${preset}, whose samples nobody can choose the digit of; of conditional one can`;
    throw new OutputError('no-labels', sentence);
  }
  if (digit < labels.classes) return;
  const sentence = `--digit must be from 0 to ${labels.classes - 1} for the preset ${preset}, but is ${digit}`;
  throw new OutputError('digit-unknown', sentence);
}

interface Drawn extends Pick<GridShape, 'rows'> {
  readonly count: number;
  readonly shape: ImageShape;
}

interface Form {
  readonly kind: 'file' | 'folder';
  readonly write: (output: string, images: Uint8Array, drawn: Drawn) => Promise<void>;
}

function formOf(output: string): Form {
  if (/[/\\]$/.test(output)) {
    return { kind: 'folder', write: (path, images, drawn) => writeOutputFolder(path, samplePngs(images, drawn)) };
  }
  switch (extname(output).toLowerCase()) {
    case '.png':
      return {
        kind: 'file',
        write: (path, images, drawn) => {
          const { count, rows = Infinity } = drawn;
          const columns = Math.max(COLUMNS, Math.ceil(Math.sqrt(count)));
          const grid = count <= rows * MOST_COLUMNS ? drawn : { ...drawn, rows: undefined };
          return writeOutputFile(path, [sampleGrid(images, { ...grid, columns })]);
        },
      };
    case '.npy':
      return { kind: 'file', write: (path, images, drawn) => writeOutputFile(path, [encodeNpy(images, drawn)]) };
    default:
      throw new OutputError(
        'output-kind',
        `the output must end in .png or .npy, or in / for a folder of images, but is ${output}`,
      );
  }
}
