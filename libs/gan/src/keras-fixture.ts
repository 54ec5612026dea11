/**
 * Comparison with what Keras computed from test data by the same formula.
 *
 * `test/fixtures/keras/make.py` computes the same float32 numbers on its side, so its files hold results only. Any
 * backend, in any runtime, can be held against them: read a file, build its fixture, compute, list the mismatches.
 */
import { formulaMicroBatch, formulaParameters, formulaWord } from '@gradcast/task';
import type { MicroBatch } from '@gradcast/task';
import { entryOf, tensorView } from '@gradcast/tensors';
import type { Layout } from '@gradcast/tensors';
import { ganTask } from './gan-task.ts';
import type { GanTask } from './gan-task.ts';
import { presets } from './presets.ts';
import type { PresetName } from './presets.ts';

const PLACES = 9999;
const PICKS = 64;

/** Norm of a tensor, and its entries at up to 64 places that {@link recordPlaces} names. */
export interface TensorRecord {
  readonly norm: number;
  readonly values: readonly number[];
}

export type TensorRecords = Readonly<Record<string, TensorRecord>>;

/** A file `NAME.json`: one micro-batch of `samples` samples, gradients of both networks. */
export interface KerasGradients {
  readonly preset: PresetName;
  readonly samples: number;
  readonly scalars: Readonly<Record<'loss_g' | 'loss_d' | 'd_x' | 'd_g_z', number>>;
  readonly gradients: TensorRecords;
  /** BatchNorm batch mean and biased variance by tail name. */
  readonly statistics: TensorRecords;
  /** Fake images of the micro-batch, in the preset's range. */
  readonly images: TensorRecord;
}

/**
 * A file `NAME-adam.json`: the state after `steps` Adam steps, step s on the micro-batch of that number, both networks'
 * gradients taken before either stepped; scalars are the last step's.
 */
export interface KerasSteps {
  readonly preset: PresetName;
  readonly samples: number;
  readonly steps: number;
  readonly scalars: KerasGradients['scalars'];
  readonly parameters: TensorRecords;
  readonly firstMoments: TensorRecords;
  readonly secondMoments: TensorRecords;
}

/** Which entries of a tensor of `size` elements a record holds. */
export function recordPlaces(size: number): number[] {
  if (size <= PICKS) return [...Array(size).keys()];
  return Array.from({ length: PICKS }, (_, i) => formulaWord(PLACES, i) % size);
}

/** A fixture file with the inputs it was made from. */
export interface KerasFixture<File> {
  readonly model: GanTask;
  readonly parameters: Float32Array;
  /** The micro-batch of each step; a gradient fixture has one. */
  readonly batches: readonly MicroBatch[];
  readonly expected: File;
}

/** Builds the inputs of a fixture file. */
export function kerasFixture<File extends KerasGradients | KerasSteps>(expected: File): KerasFixture<File> {
  const model = ganTask(presets[expected.preset]);
  const steps = 'steps' in expected ? expected.steps : 1;
  return {
    model,
    parameters: formulaParameters(model),
    batches: Array.from({ length: steps }, (_, step) => formulaMicroBatch(model, expected.samples, step)),
    expected,
  };
}

/** How far a float32 computation may lie from the record. */
export interface RecordTolerance {
  /** Of the norm, relative to it. */
  readonly norm: number;
  /** Of an entry, relative to the larger of its size and the tensor's root mean square. */
  readonly entry: number;
}

/**
 * Tolerance for gradients and statistics on any backend. Over all presets plain f32 kernels stay below a tenth of it, and
 * a wrong padding, factor or sign exceeds it a thousandfold.
 */
export const GRADIENT_TOLERANCE: RecordTolerance = { norm: 1e-4, entry: 1e-3 };

/** Tolerance for parameters after three steps: a gradient doubled, zero or flipped in one tensor exceeds it tenfold. */
export const STEP_TOLERANCE: RecordTolerance = { norm: 1e-4, entry: 1e-4 };

/** Tolerance for Adam's moments after three steps; as Adam forgives a factor in the gradient, only moments tell it well. */
export const MOMENT_TOLERANCE: RecordTolerance = { norm: 1e-3, entry: 1e-3 };

/** What would be recorded of a tensor. */
export function recordOf(tensor: Float32Array): TensorRecord {
  let squares = 0;
  for (const x of tensor) squares += x * x;
  return { norm: Math.sqrt(squares), values: recordPlaces(tensor.length).map((place) => tensor[place]) };
}

/** The largest deviations of one tensor from its record. */
export function recordDeviation(tensor: Float32Array, record: TensorRecord): RecordTolerance {
  const { norm, values } = recordOf(tensor);
  const typical = record.norm / Math.sqrt(tensor.length);
  let entry = 0;
  for (const [i, value] of values.entries()) {
    const wanted = record.values[i];
    const deviation = Math.abs(value - wanted) / Math.max(Math.abs(wanted), typical);
    // A NaN must not hide behind a comparison that is false.
    if (!(deviation <= entry)) entry = deviation;
  }
  return { norm: Math.abs(norm - record.norm) / record.norm, entry };
}

/**
 * Holds a flat vector against records.
 *
 * @param toleranceOf of a tensor, by its name.
 * @returns one sentence for each tensor that is off; empty if all agree.
 * @throws RangeError if the layout lacks a recorded tensor.
 */
export function recordMismatches(
  vector: Float32Array,
  layout: Layout,
  records: TensorRecords,
  toleranceOf: (tensor: string) => RecordTolerance = () => GRADIENT_TOLERANCE,
): string[] {
  return Object.entries(records).flatMap(([name, record]) => {
    const wanted = recordPlaces(entryOf(layout, name).size).length;
    if (record.values.length !== wanted)
      return [`${name}: the record has ${record.values.length} entries, not ${wanted}`];
    const { norm, entry } = recordDeviation(tensorView(layout, vector, name), record);
    const tolerance = toleranceOf(name);
    if (norm <= tolerance.norm && entry <= tolerance.entry) return [];
    return [`${name}: norm off by ${norm.toExponential(1)}, entries by ${entry.toExponential(1)}`];
  });
}
