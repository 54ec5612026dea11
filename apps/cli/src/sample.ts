/**
 * `gradcast sample`: draws images with the model of a run. It takes the moving average of its parameters where the run
 * has one, and BatchNorm statistics from fixed reference inputs, as the grids of a run do.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { loadCheckpoint, type Checkpoint } from '@gradcast/checkpoint';
import { testOriginals } from '@gradcast/dataset';
import { writeAtomically } from '@gradcast/files';
import { chooseBackend, loadBackend, type BackendRequest } from '@gradcast/backends-node';
import { createEngine } from '@gradcast/engine';
import { encodeNpy, outputInputs, referenceInputs, sampleGrid } from '@gradcast/evaluate';
import type { ImageShape } from '@gradcast/evaluate';
import { collectParameters, StateMismatchError } from '@gradcast/optimizer';
import type { Trainable } from '@gradcast/network';
import type { GradientEngine, ImageOutput } from '@gradcast/task';
import { findTask } from '@gradcast/own-task';

/** What can be wrong with a request for samples, besides what can be wrong with a checkpoint. */
export type SampleErrorCode =
  'output-kind' | 'no-samples' | 'output-folder' | 'output-not-writable' | 'checkpoint-preset';

/** Samples cannot be drawn. `message` is one sentence for a user. */
export class SampleError extends Error {
  override readonly name = 'SampleError';
  readonly code: SampleErrorCode;
  /** 2 where the command line is wrong, 1 where the world is. */
  readonly exitCode: 1 | 2;

  constructor(code: SampleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = code === 'output-kind' || code === 'output-folder' ? 2 : 1;
  }
}

/** What to draw. */
export interface SampleOptions {
  /** Run folder, of which the newest sound checkpoint is taken, or checkpoint file. */
  readonly run: string;
  readonly count: number;
  /** Unsigned integer below 2^53: the same seed gives the same points of the latent space. */
  readonly seed: number;
  /** Ends in `.png` for a grid or `.npy` for bytes `[count, H, W]`, with a fourth axis for colours; its folder must exist. */
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

type EngineOpener = (task: Trainable, backend: BackendRequest, warn: (line: string) => void) => Promise<GradientEngine>;

/** What the command needs besides its options; tests put their own in its place. */
export interface SampleSurroundings {
  readonly openEngine?: EngineOpener;
  /** Told one line about anything a user should know; nothing it says is an error. */
  readonly warn?: (line: string) => void;
}

/** Rows and columns of a grid; a large grid grows into a square. */
const COLUMNS = 8;

/**
 * Draws samples and writes them atomically.
 *
 * @throws SampleError; RunError and CheckpointError for what `run` names; BackendError.
 */
export async function runSample(options: SampleOptions, around: SampleSurroundings = {}): Promise<SampleResult> {
  const { run, count, seed, backend } = options;
  const { openEngine = openChosenEngine, warn = (line) => process.stderr.write(`gradcast: ${line}\n`) } = around;
  const output = resolve(options.output);
  const encode = encoderOf(output);
  await assertWritable(output);
  const { checkpoint, path, damaged } = await loadCheckpoint(run);
  for (const { message } of damaged) warn(`${message}; the checkpoint before it is used`);
  const task = taskOf(checkpoint, path, options.task);
  const drawn = imagesOf(task, path);
  const parameters = weightsOf(checkpoint, task, path);
  const engine = await openEngine(task, backend, warn);
  try {
    engine.load(parameters);
    const originals = (await testOriginals({ name: task.name, output: drawn }, dataOf(checkpoint)))?.values;
    const inputs = outputInputs(drawn, { count, seed, originals });
    const images = await engine.infer(inputs, referenceInputs(drawn, originals));
    await write(output, encode(images as Uint8Array, { count, shape: drawn.values.shape }));
  } finally {
    engine.dispose();
  }
  return { output, checkpoint: path, step: checkpoint.info.step };
}

async function openChosenEngine(...[task, backend, warn]: Parameters<EngineOpener>): Promise<GradientEngine> {
  const { candidate, gpus, sentence } = await chooseBackend(backend);
  if (backend === 'auto') warn(sentence);
  return createEngine(task, await loadBackend(candidate, { gpu: gpus[0] }));
}

type Encoder = (images: Uint8Array, options: { readonly count: number; readonly shape: ImageShape }) => Uint8Array;

function encoderOf(output: string): Encoder {
  switch (extname(output).toLowerCase()) {
    case '.png':
      return (images, { count, shape }) =>
        sampleGrid(images, { count, shape, columns: Math.max(COLUMNS, Math.ceil(Math.sqrt(count))) });
    case '.npy':
      return encodeNpy;
    default:
      throw new SampleError('output-kind', `the output must end in .png or .npy, but is ${output}`);
  }
}

/** Found out before anything is computed, by making a folder and removing it: permissions alone do not tell. */
async function assertWritable(output: string): Promise<void> {
  const folder = dirname(output);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new SampleError('output-folder', `the output's folder ${folder} ${found ? 'is a file' : 'does not exist'}`);
  }
  if ((await stat(output).catch(() => undefined))?.isDirectory()) {
    throw new SampleError('output-folder', `the output ${output} is a folder`);
  }
  try {
    await rm(await mkdtemp(join(folder, '.tmp-')), { recursive: true });
  } catch (cause) {
    throw notWritable(output, cause);
  }
}

async function write(output: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeAtomically(output, [bytes]);
  } catch (cause) {
    throw notWritable(output, cause);
  }
}

function notWritable(output: string, cause: unknown): SampleError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new SampleError('output-not-writable', `${output} cannot be written (${reason})`, { cause });
}

function taskOf({ info }: Checkpoint, path: string, file: string | null): Trainable {
  const { preset, task: own = null, taskFile = null } = Object(info.config) as Partial<StoredTask>;
  const task = typeof preset === 'string' ? findTask({ preset, task: own }, file ?? taskFile) : undefined;
  if (!task) {
    const why = own === null ? 'which is not known here' : 'a task of its own: --task names its file';
    throw new SampleError('checkpoint-preset', `${path} is of the preset ${String(preset)}, ${why}`);
  }
  return task;
}

/** What a checkpoint's configuration says of its task, if it says anything. */
interface StoredTask {
  readonly preset: unknown;
  readonly task: string | null;
  readonly taskFile: string | null;
  readonly data: string | null;
}

function dataOf({ info }: Checkpoint): string | undefined {
  const { data } = Object(info.config) as Partial<StoredTask>;
  return typeof data === 'string' ? data : undefined;
}

function imagesOf({ name, output }: Trainable, path: string): ImageOutput {
  if (output?.values.kind === 'image') return output as ImageOutput;
  throw new SampleError('no-samples', `${path} is of the preset ${name}, which draws no images`);
}

/** A whole parameter vector that has the moving average where there is one: the weights to draw with. */
function weightsOf({ tensors }: Checkpoint, task: Trainable, path: string): Float32Array {
  try {
    return collectParameters(task, tensors);
  } catch (cause) {
    if (!(cause instanceof StateMismatchError)) throw cause;
    throw new SampleError('checkpoint-preset', `${path} does not fit the preset ${task.name} it names`, { cause });
  }
}
