/**
 * A frame: what one WebSocket message holds.
 *
 *     u32 header length | msgpack header | padding to 8 bytes | raw little-endian payload
 *
 * Typed arrays never go through msgpack (a Float32Array silently comes back as something else). The payload is a view on
 * the received buffer when it is aligned, one copy otherwise: small WebSocket messages arrive at odd offsets.
 */
import { Packr } from 'msgpackr';
import { ProtocolError } from './errors.ts';

/** Bytes a header may have: the largest, a `welcome`, needs under a tenth of it. */
export const HEADER_LIMIT = 16_384;

const LENGTH_BYTES = 4;
const ALIGNMENT = 8;

const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  moreTypes: false,
  structuredClone: false,
  int64AsType: 'number',
});

/** A decoded frame whose header was not looked into yet. */
export interface Frame {
  readonly header: unknown;
  /** Starts at an 8-byte boundary of its buffer. */
  readonly payload: Uint8Array;
}

/** Bytes of the largest frame with a given payload: what a receiver allows. */
export function frameLimit(payloadBytes: number): number {
  return align(LENGTH_BYTES + HEADER_LIMIT) + payloadBytes;
}

/**
 * Encodes a header and the parts of its payload into one buffer of its own.
 *
 * @throws RangeError if the header is larger than {@link HEADER_LIMIT}.
 */
export function encodeFrame(header: object, parts: readonly ArrayBufferView[] = []): Uint8Array<ArrayBuffer> {
  const packed = packr.pack(header) as Uint8Array;
  if (packed.length > HEADER_LIMIT) throw new RangeError(`a header of ${packed.length} bytes`);
  const start = align(LENGTH_BYTES + packed.length);
  const payloadBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const frame = new Uint8Array(new ArrayBuffer(start + payloadBytes));
  new DataView(frame.buffer).setUint32(0, packed.length, true);
  frame.set(packed, LENGTH_BYTES);
  let at = start;
  for (const part of parts) {
    frame.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return frame;
}

/**
 * Takes a frame apart.
 *
 * @throws ProtocolError `frame-malformed` if it is no frame.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < LENGTH_BYTES) throw malformed('it is shorter than its length field');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  if (length === 0 || length > HEADER_LIMIT) throw malformed(`its header claims ${length} bytes`);
  const start = align(LENGTH_BYTES + length);
  if (start > bytes.byteLength) throw malformed('it ends inside its header');
  return { header: unpack(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length)), payload: aligned(bytes, start) };
}

function unpack(packed: Uint8Array): unknown {
  try {
    return packr.unpack(packed) as unknown;
  } catch (cause) {
    throw malformed('its header is no msgpack value', cause);
  }
}

function aligned(bytes: Uint8Array, start: number): Uint8Array {
  const payload = bytes.subarray(start);
  // Not `slice`: Node's Buffer, which is what a socket gives, makes a view of that.
  return payload.byteOffset % ALIGNMENT === 0 ? payload : new Uint8Array(payload);
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function malformed(reason: string, cause?: unknown): ProtocolError {
  return new ProtocolError('frame-malformed', `the frame is malformed: ${reason}`, { cause });
}
