/**
 * TensorBoard's events as protocol buffers, as far as they are written here. Field numbers are those of
 * tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto (tensorboard/compat/proto, 2.21).
 */
import protobuf from 'protobufjs/minimal.js';
import type { Writer } from 'protobufjs';
import { BYTES, FIXED32, FIXED64, key, message, VARINT } from '../protobuf.ts';
import type { Histogram } from './histogram.ts';

/** An image as it is in its file. */
export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  /** Numbers of a pixel. */
  readonly channels: number;
  readonly bytes: Uint8Array;
}

export type SummaryValue =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly image: EncodedImage }
  | { readonly tag: string; readonly histogram: Histogram };

export type EventContent =
  /** The first of a file. */
  | { readonly fileVersion: string }
  /** The run was taken up: what earlier files have of this step and of later ones counts no more. */
  | { readonly restart: true }
  | { readonly values: readonly SummaryValue[] };

/** Seconds since 1970, and the step that it is of. */
export type TensorBoardEvent = { readonly time: number; readonly step: number } & EventContent;

const SESSION_START = 1;

export function encodeEvent(event: TensorBoardEvent): Uint8Array {
  const writer = protobuf.Writer.create();
  double(writer, 1, event.time);
  varint(writer, 2, event.step);
  if ('fileVersion' in event) key(writer, 3, BYTES).string(event.fileVersion);
  else if ('restart' in event) message(writer, 7, () => varint(writer, 1, SESSION_START));
  else message(writer, 5, () => event.values.forEach((value) => message(writer, 1, () => writeValue(writer, value))));
  return writer.finish();
}

function writeValue(writer: Writer, value: SummaryValue): void {
  key(writer, 1, BYTES).string(value.tag);
  if ('scalar' in value) key(writer, 2, FIXED32).float(value.scalar);
  else if ('image' in value) message(writer, 4, () => writeImage(writer, value.image));
  else message(writer, 5, () => writeHistogram(writer, value.histogram));
}

function writeImage(writer: Writer, { width, height, channels, bytes }: EncodedImage): void {
  varint(writer, 1, height);
  varint(writer, 2, width);
  varint(writer, 3, channels);
  key(writer, 4, BYTES).bytes(bytes);
}

function writeHistogram(writer: Writer, { min, max, num, sum, sumSquares, limits, counts }: Histogram): void {
  for (const [i, number] of [min, max, num, sum, sumSquares].entries()) double(writer, i + 1, number);
  for (const [field, numbers] of [limits, counts].entries()) {
    message(writer, field + 6, () => numbers.forEach((number) => writer.double(number)));
  }
}

function varint(writer: Writer, field: number, value: number): void {
  key(writer, field, VARINT).int64(value);
}

function double(writer: Writer, field: number, value: number): void {
  key(writer, field, FIXED64).double(value);
}
