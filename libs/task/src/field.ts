/**
 * What a micro-batch is made of: named fields, each with so many numbers a sample and a place that they come from. Leases carry
 * them in this order, so this list alone says what a lease holds.
 */
import { fillNormal, fillUniform, STREAMS } from '@gradcast/random';
import type { StreamPosition } from '@gradcast/random';
import { sizeOf } from '@gradcast/tensors';
import type { FieldArray, FieldShape, FieldValues } from '@gradcast/tensors';

export type NoiseDistribution = 'uniform' | 'normal';

interface FieldBase {
  readonly name: string;
  /** Of one sample; `[]` for a single number. */
  readonly shape: readonly number[];
}

/** Images of the data set, one byte a pixel, 0 to 255. */
export interface ImageField extends FieldBase {
  readonly source: 'image';
  readonly dtype: 'u8';
  /** What bytes 0 to 255 become on the device: 0 to 1 (`unit`) or -1 to 1 (`symmetric`). */
  readonly range: 'unit' | 'symmetric';
}

/** Inputs of the data set that are floats, as they stand there. */
export interface InputField extends FieldBase {
  readonly source: 'input';
  readonly dtype: 'f32';
}

/** Labels of the data set, one byte each. */
export interface LabelField extends FieldBase {
  readonly source: 'label';
  readonly dtype: 'u8';
  /** Labels are below this, which is 256 at most. */
  readonly classes: number;
}

/** Random numbers, keyed by seed and position in the sample stream. */
export interface NoiseField extends FieldBase {
  readonly source: 'noise';
  readonly dtype: 'f32';
  /** Uniform on [-1, 1) or standard normal. */
  readonly distribution: NoiseDistribution;
}

export type BatchField = ImageField | InputField | LabelField | NoiseField;

/** One leaf of a step's tree. */
export interface MicroBatch {
  /** Samples, m. */
  readonly size: number;
  readonly fields: FieldValues;
}

/** What frames need to know of the fields. */
export function fieldShapes(fields: readonly BatchField[]): FieldShape[] {
  return fields.map(({ name, dtype, shape }) => ({ name, dtype, elements: sizeOf(shape) }));
}

/** Fills an array with noise. @param normal what fills with normal numbers, where something faster has the same bits. */
export function fillNoise(
  distribution: NoiseDistribution,
  out: Float32Array,
  place: StreamPosition,
  normal: typeof fillNormal = fillNormal,
): void {
  switch (distribution) {
    case 'normal':
      return normal(out, place);
    case 'uniform':
      return fillUniform(out, { ...place, low: -1, high: 1 });
    default:
      distribution satisfies never;
  }
}

/**
 * Noise of samples `[position, position + samples)` of the stream.
 *
 * @param index which noise field of the task it is, from 0: each has numbers of its own.
 * @param normal as of {@link fillNoise}.
 */
export function noiseAt(
  { distribution, shape }: NoiseField,
  { seed, position, samples, index }: { seed: number; position: number; samples: number; index: number },
  normal?: typeof fillNormal,
): Float32Array<ArrayBuffer> {
  const elements = sizeOf(shape);
  const noise = new Float32Array(samples * elements);
  fillNoise(distribution, noise, { seed, stream: STREAMS.noise, index, position: position * elements }, normal);
  return noise;
}

/** The probe micro-batch of a run: bytes and noise drawn from a stream of their own, field by field. */
export function probeBatch(
  { fields, microBatch: size }: { readonly fields: readonly BatchField[]; readonly microBatch: number },
  seed: number,
): MicroBatch {
  const values = fields.map((field, index): [string, FieldArray] => {
    const numbers = new Float32Array(size * sizeOf(field.shape));
    const place = { seed, stream: STREAMS.probe, index };
    switch (field.source) {
      case 'noise':
        fillNoise(field.distribution, numbers, place);
        return [field.name, numbers];
      case 'input':
        fillNoise('normal', numbers, place);
        return [field.name, numbers];
      case 'image':
        return [field.name, bytesBelow(256, numbers, place)];
      case 'label':
        return [field.name, bytesBelow(field.classes, numbers, place)];
      default:
        return field satisfies never;
    }
  });
  return { size, fields: Object.fromEntries(values) };
}

/** Random bytes below `high`. */
function bytesBelow(high: number, numbers: Float32Array, place: StreamPosition): Uint8Array {
  fillUniform(numbers, { ...place, high });
  return Uint8Array.from(numbers, (value) => Math.min(high - 1, Math.floor(value)));
}
