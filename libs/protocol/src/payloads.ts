/**
 * What lies in the payload of the messages that have one. Lengths are exact: a payload a byte off is refused.
 */
import type { FieldArray, FieldShape, FieldValues } from '@gradcast/tensors';
import { ProtocolError } from './errors.ts';

/** Sizes that fix every payload of a run. */
export interface PayloadShape {
  /** Floats of the parameters, padding included. */
  readonly parameters: number;
  /** Vectors of the optimizer, each as long as the parameters. */
  readonly slots: number;
  /** Of a micro-batch, in the order in which a lease carries them. */
  readonly fields: readonly FieldShape[];
  /** m */
  readonly microBatchSize: number;
}

/** Bytes of a `snapshot`: the parameters and the optimizer's vectors. */
export function snapshotBytes({ parameters, slots }: Pick<PayloadShape, 'parameters' | 'slots'>): number {
  return parameters * (1 + slots) * Float32Array.BYTES_PER_ELEMENT;
}

/** Bytes of a `lease` of some leaves: field after field, each at a multiple of 8. */
export function leaseBytes(
  { fields, microBatchSize }: Pick<PayloadShape, 'fields' | 'microBatchSize'>,
  leaves: number,
): number {
  return fields.reduce((end, field) => aligned(end) + fieldBytes(field, leaves * microBatchSize), 0);
}

/**
 * The fields of a lease, as views.
 *
 * @throws ProtocolError `payload-length` unless the payload has exactly the lease's length.
 */
export function openLease(payload: Uint8Array, shape: PayloadShape, leaves: number): FieldValues {
  expectBytes(payload, leaseBytes(shape, leaves));
  let end = 0;
  return Object.fromEntries(
    shape.fields.map((field): [string, FieldArray] => {
      const from = aligned(end);
      end = from + fieldBytes(field, leaves * shape.microBatchSize);
      const bytes = payload.subarray(from, end);
      return [field.name, field.dtype === 'f32' ? floats(bytes) : bytes];
    }),
  );
}

/** The parts of a lease's payload, for the encoder. */
export function leaseParts({ fields }: Pick<PayloadShape, 'fields'>, values: FieldValues): ArrayBufferView[] {
  let end = 0;
  return fields.flatMap(({ name }) => {
    const padding = aligned(end) - end;
    end += padding + values[name].byteLength;
    return padding > 0 ? [new Uint8Array(padding), values[name]] : [values[name]];
  });
}

/**
 * The vectors of a snapshot, as views: the parameters, then the optimizer's.
 *
 * @throws ProtocolError `payload-length` unless the payload has exactly their length.
 */
export function openSnapshot(
  payload: Uint8Array,
  shape: Pick<PayloadShape, 'parameters' | 'slots'>,
): { readonly parameters: Float32Array; readonly slots: Float32Array[] } {
  expectBytes(payload, snapshotBytes(shape));
  const all = floats(payload);
  const vector = (i: number) => all.subarray(i * shape.parameters, (i + 1) * shape.parameters);
  return { parameters: vector(0), slots: Array.from({ length: shape.slots }, (_, i) => vector(1 + i)) };
}

/**
 * A gradient in the run's codec, as it is.
 *
 * @throws ProtocolError `payload-length` unless the payload has exactly so many bytes.
 */
export function openEncoded(payload: Uint8Array, bytes: number): Uint8Array {
  expectBytes(payload, bytes);
  return payload;
}

/** @throws ProtocolError `payload-length` if there is a payload where none belongs. */
export function openNothing(payload: Uint8Array): void {
  expectBytes(payload, 0);
}

function fieldBytes({ dtype, elements }: FieldShape, samples: number): number {
  return samples * elements * (dtype === 'f32' ? Float32Array.BYTES_PER_ELEMENT : 1);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function floats(payload: Uint8Array): Float32Array {
  return new Float32Array(payload.buffer, payload.byteOffset, payload.byteLength / 4);
}

function expectBytes(payload: Uint8Array, bytes: number): void {
  if (payload.byteLength !== bytes) {
    throw new ProtocolError('payload-length', `the payload has ${payload.byteLength} bytes where ${bytes} belong`);
  }
}
