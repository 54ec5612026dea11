/**
 * `gradcast sample`: draws images with the model of a run. It takes the moving average of its parameters where the run
 * has one, and BatchNorm statistics from fixed reference inputs, as the grids of a run do.
 */
import { extname, resolve } from 'node:path';
import { testOriginals } from '@gradcast/dataset';
import type { BackendRequest } from '@gradcast/backends-node';
import { encodeNpy, outputInputs, referenceInputs, sampleGrid, samplePngs } from '@gradcast/evaluate';
import type { ImageShape } from '@gradcast/evaluate';
import { openChosenEngine, warnOnStderr, type DrawingSurroundings } from './outputs/open-engine.ts';
import { OutputError } from './outputs/output-error.ts';
import { assertPlace, writeOutputFile, writeOutputFolder } from './outputs/place.ts';
import { imagesOf, openTrainedModel } from './outputs/trained-model.ts';

/** What to draw. */
export interface SampleOptions {
  /** Run folder, of which the newest sound checkpoint is taken, or checkpoint file. */
  readonly run: string;
  readonly count: number;
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

/**
 * Draws samples and writes them atomically.
 *
 * @throws OutputError; RunError and CheckpointError for what `run` names; BackendError.
 */
export async function runSample(options: SampleOptions, around: DrawingSurroundings = {}): Promise<SampleResult> {
  const { count, seed, backend } = options;
  const { openEngine = openChosenEngine, warn = warnOnStderr } = around;
  const output = resolve(options.output);
  const form = formOf(options.output);
  await assertPlace(output, form.kind);
  const model = await openTrainedModel({ run: options.run, task: options.task, warn });
  const drawn = imagesOf(model);
  const { task, path: checkpoint, step } = model;
  const engine = await openEngine(task, backend, warn);
  try {
    engine.load(model.parameters);
    const originals = (await testOriginals({ name: task.name, output: drawn }, model.data))?.values;
    const inputs = outputInputs(drawn, { count, seed, originals });
    const images = await engine.infer(inputs, referenceInputs(drawn, originals));
    await form.write(output, images as Uint8Array, { count, shape: drawn.values.shape });
  } finally {
    engine.dispose();
  }
  return { output, checkpoint, step };
}

interface Drawn {
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
        write: (path, images, { count, shape }) => {
          const columns = Math.max(COLUMNS, Math.ceil(Math.sqrt(count)));
          return writeOutputFile(path, [sampleGrid(images, { count, shape, columns })]);
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
