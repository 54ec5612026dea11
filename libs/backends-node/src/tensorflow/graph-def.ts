/**
 * A graph of TensorFlow ops, by itself or as a SavedModel without variables. Field numbers are those of graph.proto, node_def.proto,
 * attr_value.proto, tensor.proto, meta_graph.proto and saved_model.proto in tensorflow/core.
 */
import { Message } from './protobuf.ts';

/** An attribute's value; `type` is a number of TensorFlow's enum DataType. */
export type AttributeValue =
  | { readonly int: number | readonly number[] }
  | { readonly float: number | readonly number[] }
  | { readonly bool: boolean | readonly boolean[] }
  | { readonly string: string }
  | { readonly type: number }
  | { readonly shape: readonly number[] }
  | { readonly tensor: TensorValue };

/** A constant. */
export interface TensorValue {
  readonly type: number;
  readonly shape: readonly number[];
  /** Elements in little-endian order. */
  readonly content: Uint8Array;
}

/** One op. Its outputs are called `name:0`, `name:1`, …, and inputs are named so. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** The tag by which the graph is found in its SavedModel. */
export const GRAPH_TAG = 'serve';

/** Graph version of TensorFlow 2.12: what writes a graph says which version's meaning its ops have. */
const PRODUCER = 1395;

/** The content of `saved_model.pb`. */
export function savedModel(nodes: readonly GraphNode[]): Uint8Array {
  const information = new Message().string(4, GRAPH_TAG);
  const metaGraph = new Message().message(1, information).message(2, graphMessage(nodes));
  return new Message().integer(1, 1).message(2, metaGraph).encode();
}

/** A GraphDef by itself. */
export function graphDef(nodes: readonly GraphNode[]): Uint8Array {
  return graphMessage(nodes).encode();
}

function graphMessage(nodes: readonly GraphNode[]): Message {
  const graph = new Message();
  for (const node of nodes) graph.message(1, nodeDef(node));
  return graph.message(4, new Message().integer(1, PRODUCER));
}

function nodeDef({ name, op, inputs, attributes }: GraphNode): Message {
  const node = new Message().string(1, name).string(2, op);
  for (const input of inputs) node.string(3, input);
  for (const [key, value] of Object.entries(attributes)) {
    node.message(5, new Message().string(1, key).message(2, attrValue(value)));
  }
  return node;
}

function attrValue(value: AttributeValue): Message {
  const attr = new Message();
  if ('int' in value) {
    return isList(value.int) ? attr.message(1, new Message().integers(3, value.int)) : attr.integer(3, value.int);
  }
  if ('float' in value) {
    return isList(value.float) ? attr.message(1, new Message().floats(4, value.float)) : attr.float(4, value.float);
  }
  if ('bool' in value) {
    return isList(value.bool)
      ? attr.message(1, new Message().integers(5, value.bool.map(Number)))
      : attr.integer(5, Number(value.bool));
  }
  if ('string' in value) return attr.string(2, value.string);
  if ('type' in value) return attr.integer(6, value.type);
  if ('shape' in value) return attr.message(7, tensorShape(value.shape));
  const { type, shape, content } = value.tensor;
  return attr.message(8, new Message().integer(1, type).message(2, tensorShape(shape)).bytes(4, content));
}

function tensorShape(shape: readonly number[]): Message {
  const message = new Message();
  for (const size of shape) message.message(2, new Message().integer(1, size));
  return message;
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
