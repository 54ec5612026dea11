/** The parts that every message of protocol buffers is written of (protobuf.dev, "Encoding"), on a writer of protobufjs. */
import type { Writer } from 'protobufjs';

/** How the bytes behind a field's number are to be read. */
export const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];

/** The number and the kind of the field whose value is written next. */
export function key(writer: Writer, field: number, wireType: number): Writer {
  return writer.uint32((field << 3) | wireType);
}

/** A field that is a message, or packed numbers: what `write` writes, behind its length. */
export function message(writer: Writer, field: number, write: () => void): void {
  key(writer, field, BYTES).fork();
  write();
  writer.ldelim();
}
