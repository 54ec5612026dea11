/**
 * The training kernels once more, as plainly as they can be written: nested loops in doubles over arrays, straight from
 * the definitions. What a backend computes is compared with these.
 */

/** A dense array in row-major order. */
export interface Plain {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** Geometry of one convolution; images NHWC, filters `[kh, kw, in, out]`. */
export interface Convolution {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  readonly padding: 'same' | 'valid';
}

/** Output length of an axis and the padding before it, by TensorFlow's definition of `same` and `valid`. */
export function axisOf(
  length: number,
  kernel: number,
  { stride, padding }: Pick<Convolution, 'stride' | 'padding'>,
): { output: number; before: number } {
  if (padding === 'valid') return { output: Math.ceil((length - kernel + 1) / stride), before: 0 };
  const output = Math.ceil(length / stride);
  return { output, before: Math.floor(Math.max(0, (output - 1) * stride + kernel - length) / 2) };
}

/** Shape `[N, OH, OW, O]` of a convolution's output. */
export function outputShape(c: Convolution): [number, number, number, number] {
  const rows = axisOf(c.height, c.kernelHeight, c).output;
  return [c.images, rows, axisOf(c.width, c.kernelWidth, c).output, c.filters];
}

export const inputShape = (c: Convolution): [number, number, number, number] => [
  c.images,
  c.height,
  c.width,
  c.channels,
];

export const filterShape = (c: Convolution): [number, number, number, number] => [
  c.kernelHeight,
  c.kernelWidth,
  c.channels,
  c.filters,
];

/** Calls `visit` with the flat indices of each product x * filter that goes into an output. */
function eachProduct(c: Convolution, visit: (x: number, filter: number, y: number) => void): void {
  const [, rows, columns] = outputShape(c);
  const top = axisOf(c.height, c.kernelHeight, c).before;
  const left = axisOf(c.width, c.kernelWidth, c).before;
  for (let n = 0; n < c.images; n++)
    for (let oh = 0; oh < rows; oh++)
      for (let ow = 0; ow < columns; ow++)
        for (let kh = 0; kh < c.kernelHeight; kh++)
          for (let kw = 0; kw < c.kernelWidth; kw++) {
            const h = oh * c.stride + kh - top;
            const w = ow * c.stride + kw - left;
            if (h < 0 || h >= c.height || w < 0 || w >= c.width) continue;
            for (let i = 0; i < c.channels; i++)
              for (let o = 0; o < c.filters; o++)
                visit(
                  ((n * c.height + h) * c.width + w) * c.channels + i,
                  ((kh * c.kernelWidth + kw) * c.channels + i) * c.filters + o,
                  ((n * rows + oh) * columns + ow) * c.filters + o,
                );
          }
}

function zeros(shape: readonly number[]): Plain {
  return { shape, values: new Float64Array(shape.reduce((a, b) => a * b, 1)) };
}

export function conv2d(c: Convolution, x: Plain, filter: Plain): Plain {
  const y = zeros(outputShape(c));
  eachProduct(c, (i, k, o) => (y.values[o] += x.values[i] * filter.values[k]));
  return y;
}

export function conv2dInputGradient(c: Convolution, dy: Plain, filter: Plain): Plain {
  const dx = zeros(inputShape(c));
  eachProduct(c, (i, k, o) => (dx.values[i] += dy.values[o] * filter.values[k]));
  return dx;
}

export function conv2dFilterGradient(c: Convolution, x: Plain, dy: Plain): Plain {
  const gradient = zeros(filterShape(c));
  eachProduct(c, (i, k, o) => (gradient.values[k] += x.values[i] * dy.values[o]));
  return gradient;
}

export function matMul(a: Plain, b: Plain, turn: { a: boolean; b: boolean }): Plain {
  const [rowsA, columnsA] = a.shape as [number, number];
  const [rowsB, columnsB] = b.shape as [number, number];
  const rows = turn.a ? columnsA : rowsA;
  const inner = turn.a ? rowsA : columnsA;
  const columns = turn.b ? rowsB : columnsB;
  const y = zeros([rows, columns]);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      for (let k = 0; k < inner; k++)
        y.values[i * columns + j] +=
          a.values[turn.a ? k * columnsA + i : i * columnsA + k] *
          b.values[turn.b ? j * columnsB + k : k * columnsB + j];
  return y;
}

/** Applies `f` to the elements of arrays of one shape. */
export function map(f: (...values: number[]) => number, first: Plain, ...others: Plain[]): Plain {
  const values = first.values.map((value, i) => f(value, ...others.map((other) => other.values[i])));
  return { shape: first.shape, values };
}

/** Sums over all axes but the last. */
export function channelSums(x: Plain): Plain {
  const channels = x.shape.at(-1)!;
  const sums = zeros([channels]);
  x.values.forEach((value, i) => (sums.values[i % channels] += value));
  return sums;
}

/** Repeats a vector `[C]` over the elements of `like`. */
export function spread(vector: Plain, like: Plain): Plain {
  return { shape: like.shape, values: like.values.map((_, i) => vector.values[i % vector.values.length]) };
}

/** Means over non-overlapping squares; what does not fill a square is left out. */
export function avgPool(x: Plain, size: number): Plain {
  const [images, height, width, channels] = x.shape as [number, number, number, number];
  const y = zeros([images, Math.floor(height / size), Math.floor(width / size), channels]);
  eachPooled(x.shape, size, (i, o) => (y.values[o] += x.values[i] / (size * size)));
  return y;
}

export function avgPoolGradient(dy: Plain, shape: readonly number[], size: number): Plain {
  const dx = zeros(shape);
  eachPooled(shape, size, (i, o) => (dx.values[i] += dy.values[o] / (size * size)));
  return dx;
}

/** Each pixel `factor` x `factor` times. */
export function resize(x: Plain, factor: number): Plain {
  const [images, height, width, channels] = x.shape as [number, number, number, number];
  const y = zeros([images, factor * height, factor * width, channels]);
  eachPooled(y.shape, factor, (large, small) => (y.values[large] = x.values[small]));
  return y;
}

/** Sums over squares. */
export function resizeGradient(dy: Plain, factor: number): Plain {
  const [images, height, width, channels] = dy.shape as [number, number, number, number];
  const dx = zeros([images, height / factor, width / factor, channels]);
  eachPooled(dy.shape, factor, (large, small) => (dx.values[small] += dy.values[large]));
  return dx;
}

function eachPooled(shape: readonly number[], size: number, visit: (x: number, y: number) => void): void {
  const [images, height, width, channels] = shape as [number, number, number, number];
  const rows = Math.floor(height / size);
  const columns = Math.floor(width / size);
  for (let n = 0; n < images; n++)
    for (let h = 0; h < rows * size; h++)
      for (let w = 0; w < columns * size; w++)
        for (let c = 0; c < channels; c++)
          visit(
            ((n * height + h) * width + w) * channels + c,
            ((n * rows + Math.floor(h / size)) * columns + Math.floor(w / size)) * channels + c,
          );
}

/** Batch statistics and the normalised, scaled and shifted x. */
export function batchNorm(x: Plain, gamma: Plain, beta: Plain, epsilon: number) {
  const rows = x.values.length / gamma.values.length;
  const mean = map((sum) => sum / rows, channelSums(x));
  const centered = map((value, center) => value - center, x, spread(mean, x));
  const variance = map((sum) => sum / rows, channelSums(map((value) => value * value, centered)));
  const y = map(
    (value, spreadOf, scale, shift) => (value / Math.sqrt(spreadOf + epsilon)) * scale + shift,
    centered,
    spread(variance, x),
    spread(gamma, x),
    spread(beta, x),
  );
  return { y, mean, variance };
}
