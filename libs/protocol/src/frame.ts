/**
 * A frame: what one WebSocket message holds.
 *
 *     u32 header length | msgpack header | padding to 8 bytes | raw little-endian payload
 *
 * Typed arrays never go through msgpack (a Float32Array silently comes back as something else). The payload is a view on
 * the received buffer when it is aligned, one copy otherwise: small WebSocket messages arrive at odd offsets.
 */
import { ProtocolError } from './errors.ts';
import { Packr } from './msgpack.ts';
import { headerProblem } from './plain-header.ts';

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

/** Bytes that {@link payloadWithRoom} leaves in front: no header with a payload of megabytes comes near. */
const HEADER_ROOM = 1024;

/**
 * Memory for a payload whose header is not known yet, zeros at first: {@link sealFrame} makes a frame of it without
 * copying the payload.
 */
export function payloadWithRoom(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(HEADER_ROOM + bytes), HEADER_ROOM);
}

/**
 * A frame around a payload: in its own memory if that came from {@link payloadWithRoom}, else in a copy.
 *
 * @throws RangeError if the header is larger than {@link HEADER_LIMIT}.
 */
export function sealFrame(header: object, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = payload;
  const packed = packHeader(header);
  const start = align(LENGTH_BYTES + packed.length);
  const hasRoom = byteOffset === HEADER_ROOM && buffer.byteLength === HEADER_ROOM + byteLength && start <= HEADER_ROOM;
  if (!hasRoom || !(buffer instanceof ArrayBuffer)) return encodeFrame(header, [payload]);
  const frame = new Uint8Array(buffer, HEADER_ROOM - start);
  frame.fill(0, 0, start);
  writeHeader(frame, packed);
  return frame;
}

/**
 * Encodes a header and the parts of its payload into one buffer of its own.
 *
 * @throws RangeError if the header is larger than {@link HEADER_LIMIT}.
 */
export function encodeFrame(header: object, parts: readonly ArrayBufferView[] = []): Uint8Array<ArrayBuffer> {
  const packed = packHeader(header);
  const start = align(LENGTH_BYTES + packed.length);
  const payloadBytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const frame = new Uint8Array(new ArrayBuffer(start + payloadBytes));
  writeHeader(frame, packed);
  let at = start;
  for (const part of parts) {
    frame.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return frame;
}

function packHeader(header: object): Uint8Array {
  const packed = packr.pack(header);
  if (packed.length > HEADER_LIMIT) throw new RangeError(`a header of ${packed.length} bytes`);
  return packed;
}

function writeHeader(frame: Uint8Array<ArrayBuffer>, packed: Uint8Array): void {
  new DataView(frame.buffer, frame.byteOffset).setUint32(0, packed.length, true);
  frame.set(packed, LENGTH_BYTES);
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
  const problem = headerProblem(packed);
  if (problem !== undefined) throw malformed(problem);
  try {
    return packr.unpack(packed);
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
