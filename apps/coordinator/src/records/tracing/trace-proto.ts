/**
 * Spans as OTLP sends them, as protocol buffers. Field numbers are those of opentelemetry/proto/trace/v1/trace.proto and
 * opentelemetry/proto/collector/trace/v1/trace_service.proto (opentelemetry-proto 1.x).
 */
import protobuf from 'protobufjs/minimal.js';
import type { Writer } from 'protobufjs';
import { BYTES, FIXED64, key, message, VARINT } from '../protobuf.ts';
import type { Attribute, Attributes, Span, Trace } from './span.ts';

const KIND_INTERNAL = 1;
const STATUS_ERROR = 2;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const NANOSECONDS = 1e6;

/** What all spans of a process have in common. */
export interface Origin {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
}

/** @param random that many random bytes, not all zero. @returns an encoded Span each. */
export function encodeTrace({ root, children }: Trace, random: (bytes: number) => Uint8Array): Uint8Array[] {
  const trace = random(TRACE_ID_BYTES);
  const parent = random(SPAN_ID_BYTES);
  return [
    encodeSpan(root, { trace, id: parent }),
    ...children.map((child) => encodeSpan(child, { trace, id: random(SPAN_ID_BYTES), parent })),
  ];
}

/** An ExportTraceServiceRequest with spans that are encoded already. */
export function encodeRequest({ resource, scope }: Origin, spans: readonly Uint8Array[]): Uint8Array {
  const writer = protobuf.Writer.create();
  message(writer, 1, () => {
    message(writer, 1, () => attributes(writer, 1, resource));
    message(writer, 2, () => {
      message(writer, 1, () => {
        key(writer, 1, BYTES).string(scope.name);
        key(writer, 2, BYTES).string(scope.version);
      });
      for (const span of spans) key(writer, 2, BYTES).bytes(span);
    });
  });
  return writer.finish();
}

/** How many spans an ExportTraceServiceResponse says were refused; 0 if it is none. */
export function rejectedOf(response: Uint8Array): number {
  try {
    return varintIn(bytesIn(response, 1), 1);
  } catch {
    return 0;
  }
}

interface Ids {
  readonly trace: Uint8Array;
  readonly id: Uint8Array;
  readonly parent?: Uint8Array;
}

function encodeSpan({ name, start, end, attributes: about, error }: Span, { trace, id, parent }: Ids): Uint8Array {
  const writer = protobuf.Writer.create();
  key(writer, 1, BYTES).bytes(trace);
  key(writer, 2, BYTES).bytes(id);
  if (parent) key(writer, 4, BYTES).bytes(parent);
  key(writer, 5, BYTES).string(name);
  key(writer, 6, VARINT).uint32(KIND_INTERNAL);
  key(writer, 7, FIXED64).fixed64(Math.round(start * NANOSECONDS));
  key(writer, 8, FIXED64).fixed64(Math.round(end * NANOSECONDS));
  attributes(writer, 9, error === undefined ? about : { ...about, 'error.type': error });
  if (error !== undefined) message(writer, 15, () => key(writer, 3, VARINT).uint32(STATUS_ERROR));
  return writer.finish();
}

function attributes(writer: Writer, field: number, values: Attributes): void {
  for (const [name, value] of Object.entries(values)) {
    message(writer, field, () => {
      key(writer, 1, BYTES).string(name);
      message(writer, 2, () => writeValue(writer, value));
    });
  }
}

function writeValue(writer: Writer, value: Attribute): void {
  if (typeof value === 'string') key(writer, 1, BYTES).string(value);
  else if (typeof value === 'boolean') key(writer, 2, VARINT).bool(value);
  else if (Number.isSafeInteger(value)) key(writer, 3, VARINT).int64(value);
  else key(writer, 4, FIXED64).double(value);
}

/** The last field of a number that is bytes; empty if there is none. */
function bytesIn(encoded: Uint8Array, wanted: number): Uint8Array {
  const reader = protobuf.Reader.create(encoded);
  let found = new Uint8Array();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((wanted << 3) | BYTES)) found = Uint8Array.from(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
}

/** The last field of a number that is a varint; 0 if there is none. */
function varintIn(encoded: Uint8Array, wanted: number): number {
  const reader = protobuf.Reader.create(encoded);
  let found = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((wanted << 3) | VARINT)) found = Number(reader.uint64());
    else reader.skipType(tag & 7);
  }
  return found;
}
