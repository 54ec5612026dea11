/**
 * One sample through an exported network, in plain loops that any browser runs: what the page computes. Images are `[H, W, C]`.
 */
import { paddingOf } from './layer.ts';
import type {
  ClassScaleShiftLayer,
  ConvolutionLayer,
  DenseLayer,
  ExportedLayer,
  PoolLayer,
  ResizeLayer,
  ScaleShiftLayer,
} from './layer.ts';

/**
 * The network's output for one sample.
 *
 * @param label its class, where layers are told of it.
 */
export function forward(layers: readonly ExportedLayer[], input: Float32Array, label = 0): Float32Array {
  return layers.reduce((x, layer) => layerOutput(layer, x, label), input);
}

function layerOutput(layer: ExportedLayer, x: Float32Array, label: number): Float32Array {
  switch (layer.kind) {
    case 'dense':
      return dense(layer, x);
    case 'conv':
      return convolution(layer, x);
    case 'conv_transpose':
      return transposedConvolution(layer, x);
    case 'scale_shift':
      return scaleShift(layer, x);
    case 'class_scale_shift':
      return scaleShift(rowsOf(layer, label), x);
    case 'activation':
      return x.map(ACTIVATIONS[layer.activation](layer.slope));
    case 'average_pool':
      return averagePool(layer, x);
    case 'resize':
      return resize(layer, x);
    case 'reshape':
      return x;
    default:
      return layer satisfies never;
  }
}

const ACTIVATIONS = {
  tanh: () => Math.tanh,
  sigmoid: () => (x: number) => 1 / (1 + Math.exp(-x)),
  relu: () => (x: number) => Math.max(0, x),
  leaky_relu: (slope: number) => (x: number) => (x < 0 ? slope * x : x),
} as const;

function dense({ kernel, bias }: DenseLayer, x: Float32Array): Float32Array {
  const y = bias.slice();
  for (let i = 0; i < x.length; i++) addProduct(y, 0, { by: x[i], kernel, from: i * y.length, count: y.length });
  return y;
}

/** Adds a number times a row of a kernel. */
function addProduct(
  y: Float32Array,
  at: number,
  { by, kernel, from, count }: { by: number; kernel: Float32Array; from: number; count: number },
): void {
  if (by === 0) return;
  for (let j = 0; j < count; j++) y[at + j] += by * kernel[from + j];
}

/** Calls with each pair of a pixel of the large and one of the small image that a tap of the kernel joins. */
function eachTap(
  layer: ConvolutionLayer,
  [large, small]: readonly [large: readonly number[], small: readonly number[]],
  join: (large: number, small: number, tap: number) => void,
): void {
  const { size, stride } = layer;
  const [top, left] = [paddingOf(large[0], layer).before, paddingOf(large[1], layer).before];
  for (let row = 0; row < small[0]; row++) {
    for (let column = 0; column < small[1]; column++) {
      for (let tap = 0; tap < size * size; tap++) {
        const y = row * stride - top + Math.floor(tap / size);
        const x = column * stride - left + (tap % size);
        if (y < 0 || y >= large[0] || x < 0 || x >= large[1]) continue;
        join(y * large[1] + x, row * small[1] + column, tap);
      }
    }
  }
}

function convolution(layer: ConvolutionLayer, x: Float32Array): Float32Array {
  const { input, output, kernel, bias } = layer;
  const [from, to] = [input[2], output[2]];
  const y = filled(output, bias);
  eachTap(layer, [input, output], (large, small, tap) => {
    for (let i = 0; i < from; i++) {
      addProduct(y, small * to, { by: x[large * from + i], kernel, from: (tap * from + i) * to, count: to });
    }
  });
  return y;
}

function transposedConvolution(layer: ConvolutionLayer, x: Float32Array): Float32Array {
  const { input, output, kernel, bias } = layer;
  const [from, to] = [input[2], output[2]];
  const y = filled(output, bias);
  eachTap(layer, [output, input], (large, small, tap) => {
    for (let j = 0; j < to; j++) {
      const row = (tap * to + j) * from;
      let sum = 0;
      for (let i = 0; i < from; i++) sum += x[small * from + i] * kernel[row + i];
      y[large * to + j] += sum;
    }
  });
  return y;
}

/** An image whose pixels are all the bias. */
function filled([height, width, channels]: readonly [number, number, number], bias: Float32Array): Float32Array {
  const y = new Float32Array(height * width * channels);
  for (let at = 0; at < y.length; at += channels) y.set(bias, at);
  return y;
}

/** The row of a class. */
function rowsOf(
  { classes, scale, shift }: ClassScaleShiftLayer,
  label: number,
): Pick<ScaleShiftLayer, 'scale' | 'shift'> {
  const channels = scale.length / classes;
  const [from, to] = [label * channels, (label + 1) * channels];
  return { scale: scale.subarray(from, to), shift: shift.subarray(from, to) };
}

function scaleShift({ scale, shift }: Pick<ScaleShiftLayer, 'scale' | 'shift'>, x: Float32Array): Float32Array {
  return x.map((value, i) => value * scale[i % scale.length] + shift[i % scale.length]);
}

function averagePool({ input, output, size }: PoolLayer, x: Float32Array): Float32Array {
  const [height, width, channels] = output;
  const y = new Float32Array(height * width * channels);
  for (let row = 0; row < height * size; row++) {
    for (let column = 0; column < width * size; column++) {
      const to = (Math.floor(row / size) * width + Math.floor(column / size)) * channels;
      const from = (row * input[1] + column) * channels;
      for (let c = 0; c < channels; c++) y[to + c] += x[from + c] / (size * size);
    }
  }
  return y;
}

function resize({ input, output, factor }: ResizeLayer, x: Float32Array): Float32Array {
  const [height, width, channels] = output;
  const y = new Float32Array(height * width * channels);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (Math.floor(row / factor) * input[1] + Math.floor(column / factor)) * channels;
      y.set(x.subarray(from, from + channels), (row * width + column) * channels);
    }
  }
  return y;
}
