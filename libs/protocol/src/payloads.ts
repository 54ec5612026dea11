/**
 * What lies in the payload of the messages that have one. Lengths are exact: a payload a byte off is refused.
 */
import { ProtocolError } from './errors.ts';

/** Sizes that fix every payload of a run. */
export interface PayloadShape {
  /** Floats of the parameters, padding included. */
  readonly parameters: number;
  /** Pixels of an image. */
  readonly pixels: number;
  /** Floats of one sample's noise. */
  readonly latent: number;
  /** m */
  readonly microBatchSize: number;
}

/** Bytes of a `snapshot`: parameters, first and second moments. */
export function snapshotBytes(parameters: number): number {
  return parameters * 12;
}

/** Bytes of a `lease` of some leaves: images, padding to 8 bytes, noise. */
export function leaseBytes(shape: PayloadShape, leaves: number): number {
  const samples = leaves * shape.microBatchSize;
  return imageBytes(shape, samples) + samples * shape.latent * 4;
}

/** Images `[samples, pixels]` as bytes and noise `[samples, latent]` of a lease, as views. */
export interface LeaseContents {
  readonly images: Uint8Array;
  readonly noise: Float32Array;
}

/** @throws ProtocolError `payload-length` unless the payload has exactly the lease's length. */
export function openLease(payload: Uint8Array, shape: PayloadShape, leaves: number): LeaseContents {
  expectBytes(payload, leaseBytes(shape, leaves));
  const samples = leaves * shape.microBatchSize;
  return {
    images: payload.subarray(0, samples * shape.pixels),
    noise: floats(payload.subarray(imageBytes(shape, samples))),
  };
}

/** The parts of a lease's payload, for the encoder. */
export function leaseParts(shape: PayloadShape, { images, noise }: LeaseContents): ArrayBufferView[] {
  const padding = imageBytes(shape, noise.length / shape.latent) - images.byteLength;
  return [images, new Uint8Array(padding), noise];
}

/** @throws ProtocolError `payload-length` unless the payload is three vectors of `parameters` floats. */
export function openSnapshot(payload: Uint8Array, parameters: number): [Float32Array, Float32Array, Float32Array] {
  expectBytes(payload, snapshotBytes(parameters));
  const all = floats(payload);
  return [0, 1, 2].map((i) => all.subarray(i * parameters, (i + 1) * parameters)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
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

function imageBytes({ pixels }: PayloadShape, samples: number): number {
  return Math.ceil((samples * pixels) / 8) * 8;
}

function floats(payload: Uint8Array): Float32Array {
  return new Float32Array(payload.buffer, payload.byteOffset, payload.byteLength / 4);
}

function expectBytes(payload: Uint8Array, bytes: number): void {
  if (payload.byteLength !== bytes) {
    throw new ProtocolError('payload-length', `the payload has ${payload.byteLength} bytes where ${bytes} belong`);
  }
}
