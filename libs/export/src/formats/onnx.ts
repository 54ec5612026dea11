/**
 * ONNX, operator set 13. Input and output have this repository's order, images as `[N, H, W, C]`; between two convolutions pictures
 * lie as ONNX wants them, `[N, C, H, W]`, and are turned only where the order of elements counts.
 */
import type { ExportedModel } from '../exported-model.ts';
import { paddingOf, tensorsOf } from '../layer.ts';
import type { ConvolutionLayer, ExportedLayer, LayerTensor } from '../layer.ts';
import { metadataOf } from '../describe.ts';
import { encodeOnnx } from './onnx-proto.ts';
import type { AttributeValue, OnnxNode, OnnxTensor } from './onnx-proto.ts';

/** The graph's output. */
const OUTPUT = 'output';

/** The file's bytes. */
export function onnxFile(model: ExportedModel): Uint8Array {
  const graph = new Graph(model);
  for (const layer of model.layers) addLayer(graph, layer);
  graph.channelsLast();
  graph.add('Identity', 'last');
  return encodeOnnx({
    name: model.name,
    nodes: graph.nodes.map((node) => (node.output === graph.at ? { ...node, output: OUTPUT } : node)),
    tensors: graph.tensors,
    inputs: [
      { name: model.input.name, shape: model.input.shape },
      ...(model.labels ? [{ name: model.labels.name, shape: [], type: 'int64' } as const] : []),
    ],
    output: { name: OUTPUT, shape: graph.shape },
    metadata: metadataOf(model),
  });
}

/** Nodes one after the other. */
class Graph {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  /** The value that the next node takes. */
  at: string;
  /** Of that value without the batch axis, `[H, W, C]` for a picture, however it lies. */
  shape: readonly number[];
  isChannelsFirst = false;

  readonly labels: string;

  constructor({ input, labels }: Pick<ExportedModel, 'input' | 'labels'>) {
    this.at = input.name;
    this.shape = input.shape;
    this.labels = labels?.name ?? '';
  }

  add(
    op: string,
    name: string,
    { more = [], attributes }: { more?: readonly string[]; attributes?: Readonly<Record<string, AttributeValue>> } = {},
  ): void {
    const output = `${name}/out`;
    this.nodes.push({ op, name, inputs: [this.at, ...more], output, ...(attributes && { attributes }) });
    this.at = output;
  }

  /** The rows of a table `[classes, C]` for the samples' classes, to be broadcast over what comes next. */
  rowsOf(table: LayerTensor, name: string): string {
    const [row, shaped] = [`${name}/row`, `${name}/shaped`];
    this.nodes.push({ op: 'Gather', name: row, inputs: [this.tensor(table), this.labels], output: row });
    if (this.shape.length === 1) return row;
    const ones = this.shape.slice(1).map(() => 1);
    const shape = this.isChannelsFirst ? [0, table.shape[1], ...ones] : [0, ...ones, table.shape[1]];
    const wanted = this.tensor({
      name: `${name}/shape`,
      shape: [shape.length],
      data: BigInt64Array.from(shape, BigInt),
    });
    this.nodes.push({ op: 'Reshape', name: shaped, inputs: [row, wanted], output: shaped });
    return shaped;
  }

  tensor(tensor: OnnxTensor): string {
    this.tensors.push(tensor);
    return tensor.name;
  }

  channelsFirst(): void {
    if (this.isChannelsFirst) return;
    this.add('Transpose', `${this.at}/channels_first`, { attributes: { perm: [0, 3, 1, 2] } });
    this.isChannelsFirst = true;
  }

  channelsLast(): void {
    if (!this.isChannelsFirst) return;
    this.add('Transpose', `${this.at}/channels_last`, { attributes: { perm: [0, 2, 3, 1] } });
    this.isChannelsFirst = false;
  }
}

function addLayer(graph: Graph, layer: ExportedLayer): void {
  const { name } = layer;
  switch (layer.kind) {
    case 'dense':
      graph.add('Gemm', name, { more: tensorsOf(layer).map((tensor) => graph.tensor(tensor)) });
      break;
    case 'conv':
    case 'conv_transpose':
      addConvolution(graph, layer);
      break;
    case 'scale_shift': {
      const [scale, shift] = tensorsOf(layer).map((tensor) => graph.tensor(perChannel(tensor, graph.isChannelsFirst)));
      graph.add('Mul', `${name}/scaled`, { more: [scale] });
      graph.add('Add', name, { more: [shift] });
      break;
    }
    case 'class_scale_shift': {
      const [scale, shift] = tensorsOf(layer).map((tensor) => graph.rowsOf(tensor, tensor.name));
      graph.add('Mul', `${name}/scaled`, { more: [scale] });
      graph.add('Add', name, { more: [shift] });
      break;
    }
    case 'activation':
      graph.add(ACTIVATIONS[layer.activation], name, {
        ...(layer.activation === 'leaky_relu' && { attributes: { alpha: { float: layer.slope } } }),
      });
      break;
    case 'average_pool': {
      const window = [layer.size, layer.size];
      graph.channelsFirst();
      graph.add('AveragePool', name, { attributes: { kernel_shape: window, strides: window } });
      break;
    }
    case 'resize': {
      graph.channelsFirst();
      const factors = Float32Array.of(1, 1, layer.factor, layer.factor);
      const scales = graph.tensor({ name: `${name}/scales`, shape: [4], data: factors });
      const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
      graph.add('Resize', name, { more: ['', scales], attributes });
      break;
    }
    case 'reshape': {
      graph.channelsLast();
      // 0 keeps the batch axis.
      const shape = BigInt64Array.from([0, ...layer.output], BigInt);
      graph.add('Reshape', name, {
        more: [graph.tensor({ name: `${name}/shape`, shape: [shape.length], data: shape })],
      });
      break;
    }
    default:
      layer satisfies never;
  }
  graph.shape = layer.output;
}

const ACTIVATIONS = { tanh: 'Tanh', sigmoid: 'Sigmoid', relu: 'Relu', leaky_relu: 'LeakyRelu' } as const;

function addConvolution(graph: Graph, layer: ConvolutionLayer): void {
  const { name, kind, size, stride } = layer;
  const [kernel, bias] = tensorsOf(layer);
  // [k, k, a, b] to [b, a, k, k]: output before input of a convolution, input before output of a transposed one.
  const turned = graph.tensor({
    ...kernel,
    shape: [kernel.shape[3], kernel.shape[2], size, size],
    data: turnedKernel(kernel),
  });
  graph.channelsFirst();
  const large = kind === 'conv' ? layer.input : layer.output;
  const [rows, columns] = [paddingOf(large[0], layer), paddingOf(large[1], layer)];
  const attributes = {
    kernel_shape: [size, size],
    strides: [stride, stride],
    pads: [rows.before, columns.before, rows.after, columns.after],
    // Where steps are longer than the kernel is, the last one reaches past what the kernel covers.
    ...(kind === 'conv_transpose' && { output_padding: [missing(layer), missing(layer)] }),
  };
  graph.add(kind === 'conv' ? 'Conv' : 'ConvTranspose', name, { more: [turned, graph.tensor(bias)], attributes });
}

function missing({ size, stride }: ConvolutionLayer): number {
  return Math.max(0, stride - size);
}

function turnedKernel({ shape: [size, , a, b], data }: LayerTensor): Float32Array {
  const turned = new Float32Array(data.length);
  const window = size * size;
  for (let at = 0; at < window; at++) {
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) turned[(j * a + i) * window + at] = data[(at * a + i) * b + j];
    }
  }
  return turned;
}

/** Broadcast over a picture. */
function perChannel(tensor: LayerTensor, isChannelsFirst: boolean): LayerTensor {
  return isChannelsFirst ? { ...tensor, shape: [...tensor.shape, 1, 1] } : tensor;
}
