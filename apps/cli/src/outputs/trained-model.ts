/** The trained model of a run: the weights that samples are drawn with, and what they belong to. */
import { loadCheckpoint, type Checkpoint } from '@gradcast/checkpoint';
import { testOriginals } from '@gradcast/dataset';
import { recordedPreset } from '@gradcast/definition';
import type { Originals } from '@gradcast/evaluate';
import type { Trainable } from '@gradcast/network';
import { collectParameters, StateMismatchError } from '@gradcast/optimizer';
import { findTask } from '@gradcast/own-task';
import type { ImageOutput, TaskOutput } from '@gradcast/task';
import { OutputError } from './output-error.ts';

export interface TrainedModel {
  /** Of the checkpoint. */
  readonly path: string;
  readonly step: number;
  readonly task: Trainable;
  /** A whole parameter vector that has the moving average where there is one and it was not unwanted. */
  readonly parameters: Float32Array;
  /** Folder of the data set that it was trained on; undefined for MNIST. */
  readonly data: string | undefined;
}

export interface OpenModelOptions {
  /** Run folder, of which the newest sound checkpoint is taken, or checkpoint file. */
  readonly run: string;
  /** Path of the user's task file, if it is not where the run was started with it. */
  readonly task: string | null;
  /** The weights themselves instead of their moving average. */
  readonly raw?: boolean;
  /** Told one line about anything a user should know; nothing it says is an error. */
  readonly warn: (line: string) => void;
}

/** @throws OutputError `checkpoint-preset`; RunError and CheckpointError for what `run` names. */
export async function openTrainedModel({ run, task: file, raw, warn }: OpenModelOptions): Promise<TrainedModel> {
  const { checkpoint, path, damaged } = await loadCheckpoint(run);
  for (const { message } of damaged) warn(`${message}; the checkpoint before it is used`);
  const task = taskOf(checkpoint, path, file);
  return {
    path,
    step: checkpoint.info.step,
    task,
    parameters: weightsOf(checkpoint, { task, path, raw }),
    data: dataOf(checkpoint),
  };
}

/** @throws OutputError `no-samples` */
export function imagesOf({ task: { name, output }, path }: TrainedModel): ImageOutput {
  if (output?.values.kind === 'image') return output as ImageOutput;
  throw new OutputError('no-samples', `${path} is of the preset ${name}, which draws no images`);
}

/** What of its data set the model's output is computed from, if anything is. @throws DatasetError */
export async function originalsOf(
  { task: { name }, data }: TrainedModel,
  output: TaskOutput,
): Promise<Originals | undefined> {
  return (await testOriginals({ name, output }, data))?.values;
}

function taskOf({ info }: Checkpoint, path: string, file: string | null): Trainable {
  const { task: own = null, taskFile = null } = Object(info.config) as Partial<StoredTask>;
  const preset = recordedPreset(info.config);
  const task = typeof preset === 'string' ? findTask({ preset, task: own }, file ?? taskFile) : undefined;
  if (!task) {
    const why = own === null ? 'which is not known here' : 'a task of its own: --task names its file';
    throw new OutputError('checkpoint-preset', `${path} is of the preset ${String(preset)}, ${why}`);
  }
  return task;
}

/** What a checkpoint's configuration says of its task, if it says anything. */
interface StoredTask {
  readonly task: string | null;
  readonly taskFile: string | null;
  readonly data: string | null;
}

function dataOf({ info }: Checkpoint): string | undefined {
  const { data } = Object(info.config) as Partial<StoredTask>;
  return typeof data === 'string' ? data : undefined;
}

function weightsOf(
  { tensors }: Checkpoint,
  { task, path, raw }: { readonly task: Trainable; readonly path: string; readonly raw: boolean | undefined },
): Float32Array {
  try {
    return collectParameters(task, tensors, { raw });
  } catch (cause) {
    if (!(cause instanceof StateMismatchError)) throw cause;
    throw new OutputError('checkpoint-preset', `${path} does not fit the preset ${task.name} it names`, { cause });
  }
}
