/**
 * The messages of an ONNX file that are written here, as protocol buffers. Field numbers are those of onnx/onnx.proto3 (ONNX 1.14,
 * IR version 8).
 */
import protobuf from 'protobufjs/minimal.js';
import type { Writer } from 'protobufjs';

/** IR versions up to this are read by every onnxruntime since 1.14. */
const IR_VERSION = 8;
/** The operators' version: the first with all that is used in its present form, read by every runtime since 2020. */
export const OPSET = 13;

const FLOAT = 1;
const INT64 = 7;

export type AttributeValue = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  /** Empty for one that is left out. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A graph's input or output: f32 unless said otherwise, a batch of any size before the shape. */
export interface OnnxValue {
  readonly type?: 'int64';
  readonly name: string;
  readonly shape: readonly number[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly output: OnnxValue;
  /** Key and value for whoever looks. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A ModelProto. */
export function encodeOnnx({ metadata, ...graph }: OnnxGraph): Uint8Array {
  const writer = protobuf.Writer.create();
  varint(writer, 1, IR_VERSION);
  text(writer, 2, 'gradcast');
  message(writer, 7, () => writeGraph(writer, graph));
  message(writer, 8, () => varint(writer, 2, OPSET));
  for (const [key, value] of Object.entries(metadata)) {
    message(writer, 14, () => {
      text(writer, 1, key);
      text(writer, 2, value);
    });
  }
  return writer.finish();
}

function writeGraph(writer: Writer, { name, nodes, tensors, inputs, output }: Omit<OnnxGraph, 'metadata'>): void {
  for (const node of nodes) message(writer, 1, () => writeNode(writer, node));
  text(writer, 2, name);
  for (const tensor of tensors) message(writer, 5, () => writeTensor(writer, tensor));
  for (const input of inputs) message(writer, 11, () => writeValue(writer, input));
  message(writer, 12, () => writeValue(writer, output));
}

function writeNode(writer: Writer, { op, name, inputs, output, attributes = {} }: OnnxNode): void {
  for (const input of inputs) text(writer, 1, input);
  text(writer, 2, output);
  text(writer, 3, name);
  text(writer, 4, op);
  for (const [attribute, value] of Object.entries(attributes)) {
    message(writer, 5, () => {
      text(writer, 1, attribute);
      writeAttribute(writer, value);
    });
  }
}

/** Each kind in its own field, and which it is (AttributeProto.type). */
function writeAttribute(writer: Writer, value: AttributeValue): void {
  if (typeof value === 'number') {
    varint(writer, 3, value);
    varint(writer, 20, 2);
  } else if (typeof value === 'string') {
    text(writer, 4, value);
    varint(writer, 20, 3);
  } else if ('float' in value) {
    writer.uint32((2 << 3) | 5).float(value.float);
    varint(writer, 20, 1);
  } else {
    for (const number of value) varint(writer, 8, number);
    varint(writer, 20, 7);
  }
}

function writeTensor(writer: Writer, { name, shape, data }: OnnxTensor): void {
  for (const dimension of shape) varint(writer, 1, dimension);
  varint(writer, 2, data instanceof Float32Array ? FLOAT : INT64);
  text(writer, 8, name);
  writer.uint32((9 << 3) | 2).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue(writer: Writer, { name, shape, type }: OnnxValue): void {
  text(writer, 1, name);
  message(writer, 2, () =>
    message(writer, 1, () => {
      varint(writer, 1, type === 'int64' ? INT64 : FLOAT);
      message(writer, 2, () => {
        message(writer, 1, () => text(writer, 2, 'N'));
        for (const dimension of shape) message(writer, 1, () => varint(writer, 1, dimension));
      });
    }),
  );
}

function message(writer: Writer, field: number, write: () => void): void {
  writer.uint32((field << 3) | 2).fork();
  write();
  writer.ldelim();
}

function varint(writer: Writer, field: number, value: number): void {
  writer.uint32(field << 3).int64(value);
}

function text(writer: Writer, field: number, value: string): void {
  writer.uint32((field << 3) | 2).string(value);
}
