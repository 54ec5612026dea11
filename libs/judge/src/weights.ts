/**
 * A judge's weights as a file: safetensors of half-precision numbers, under the classifier's names. Nothing is loaded whose
 * SHA-256 is not the one that stands in the code.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors } from '@gradcast/checkpoint';
import type { Checkpoint, StoredTensor } from '@gradcast/checkpoint';
import { classifierTask } from '@gradcast/classifier';
import { shippedFolder } from '@gradcast/files';
import { collectParameters } from '@gradcast/optimizer';
import { JudgeError } from './errors.ts';
import { fromHalf, toHalf } from './half.ts';

/** Which file a judge is, and what it must be. */
export interface WeightsFile {
  /** In `libs/judge/weights`. */
  readonly file: string;
  /** Hex SHA-256 of the whole file. */
  readonly sha256: string;
}

/**
 * The weights of a judge, laid out as the classifier's parameters.
 *
 * @param folder where the file lies; by default where this installation has it.
 * @throws JudgeError `judge-weights` if it is missing or has another digest.
 */
export async function loadWeights({ file, sha256 }: WeightsFile, folder = shippedWeights()): Promise<Float32Array> {
  const path = join(folder, file);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new JudgeError('judge-weights', `the judge's weights ${path} cannot be read`, { cause });
  }
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256) {
    throw new JudgeError('judge-weights', `the judge's weights ${path} are damaged: SHA-256 ${found}, not ${sha256}`);
  }
  const { tensors } = decodeSafetensors(bytes, path);
  const { entries, length } = classifierTask().parameters;
  const weights = new Float32Array(length);
  for (const { name, offset, size } of entries) {
    const tensor = tensors[name] as StoredTensor | undefined;
    if (tensor?.dtype !== 'F16' || tensor.data.length !== size) {
      throw new JudgeError('judge-weights', `the judge's weights ${path} have no ${name} of ${size} halves`);
    }
    weights.set(Float32Array.from(tensor.data, fromHalf), offset);
  }
  return weights;
}

/**
 * The file of a judge from the checkpoint of a finished run of the preset `classifier`: the moving average of its weights,
 * rounded to half precision.
 *
 * @throws StateMismatchError for a checkpoint of another task.
 */
export function encodeWeights({ tensors }: Checkpoint, metadata: Readonly<Record<string, string>>): Uint8Array {
  const task = classifierTask();
  const vector = collectParameters(task, tensors);
  const halves = task.parameters.entries.map(({ name, shape, offset, size }): [string, StoredTensor] => [
    name,
    { dtype: 'F16', shape, data: Uint16Array.from(vector.subarray(offset, offset + size), toHalf) },
  ]);
  return Buffer.concat(encodeSafetensors({ tensors: Object.fromEntries(halves), metadata }));
}

function shippedWeights(): string {
  const folder = shippedFolder(import.meta.url, 'libs', 'judge', 'weights');
  if (folder === undefined) {
    throw new JudgeError('judge-weights', 'libs/judge/weights is missing from this installation');
  }
  return folder;
}
