/** What result faults do to a frame. */
import { decodeFrame, encodeFrame } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import type { ResultFault } from './fault.ts';

/** A frame to deliver, after so many milliseconds. */
export interface Delivery {
  readonly bytes: Uint8Array;
  readonly delayMs: number;
}

const FLOAT_BYTES = 4;
/** Set bits of this would make any header longer than a header may be. */
const LENGTH_FLIP = 0x7f;

/** What is delivered in place of a `result`; the frame itself is left as it is. */
export function spoil(frame: Uint8Array, fault: ResultFault): Delivery[] {
  switch (fault.kind) {
    case 'duplicate-result':
      return [at(frame), at(frame)];
    case 'late-result':
      return [at(frame, fault.ms)];
    case 'corrupt-frame':
      return [at(fault.where === 'length' ? flip(frame, 3, LENGTH_FLIP) : flipHeader(frame))];
    case 'wrong-shape':
      return [at(copyOf(frame.subarray(0, frame.byteLength - fault.floats * FLOAT_BYTES)))];
    case 'nan':
      return [at(withFloats(frame, (floats) => (floats[0] = NaN)))];
    case 'wrong-gradient':
      // A sign is the smallest lie that no bound on norms could find.
      return [at(withFloats(frame, (floats) => negateFirst(floats)))];
    case 'wrong-replica':
      return [at(withOtherReplica(frame))];
    default:
      return fault satisfies never;
  }
}

function at(bytes: Uint8Array, delayMs = 0): Delivery {
  return { bytes, delayMs };
}

/** Frames come as Buffers, whose own `slice` is a view. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function flip(frame: Uint8Array, index: number, bits: number): Uint8Array {
  const copy = copyOf(frame);
  copy[index] ^= bits;
  return copy;
}

/** Bytes of the header after its first few, so that the frame still looks like one from afar. */
function flipHeader(frame: Uint8Array): Uint8Array {
  const copy = copyOf(frame);
  for (let index = 4; index < 20; index++) copy[index] ^= 0xff;
  return copy;
}

function withFloats(frame: Uint8Array, change: (floats: Float32Array) => void): Uint8Array {
  const { header, payload } = decodeFrame(frame);
  const copy = copyOf(payload);
  change(new Float32Array(copy.buffer));
  return encodeFrame(header as object, [copy]);
}

function negateFirst(floats: Float32Array): void {
  const index = floats.findIndex((value) => value !== 0);
  floats[Math.max(index, 0)] = index < 0 ? 1 : -floats[index];
}

function withOtherReplica(frame: Uint8Array): Uint8Array {
  const { header, payload } = decodeFrame(frame);
  const result = header as MessageOf<'result'>;
  const first = result.fingerprint.startsWith('0') ? '1' : '0';
  return encodeFrame({ ...result, fingerprint: first + result.fingerprint.slice(1) }, [payload]);
}
