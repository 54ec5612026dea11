/** Where a map's numbers come from. */
import { fromPixels } from '@gradcast/network';
import { outputElements } from '../accesses.ts';
import type { MapLaunch, MapSource, PooledShape, TapSums } from '../launch.ts';
import type { Memory, Numbers } from './memory.ts';
import { stepsOf } from './steps.ts';

export function map({ source, shape, steps, out }: MapLaunch, memory: Memory): void {
  const read = readerOf(source, memory);
  const apply = stepsOf(steps, shape, memory);
  const elements = outputElements(shape);
  const to = memory.of(out);
  for (let i = 0; i < elements; i++) to[i] = apply(read(i), i);
}

type Read = (i: number) => number;

function readerOf(source: MapSource, memory: Memory): Read {
  switch (source.kind) {
    case 'value': {
      const input = memory.of(source.input);
      return (i) => input[i];
    }
    case 'pixels': {
      const bytes = memory.of(source.bytes);
      const table = fromPixels(
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
        source.range,
      );
      return (i) => table[bytes[i]];
    }
    case 'labels': {
      const bytes = memory.of(source.bytes);
      const places = source.segments.flatMap((count) => Array.from({ length: count }, (_, i) => i));
      return (i) => bytes[places[i]];
    }
    case 'pool':
    case 'resize-gradient': {
      const input = memory.of(source.input);
      const share = source.kind === 'pool' ? 1 / (source.size * source.size) : 1;
      return (i) => squareSum(input, source, i) * share;
    }
    case 'pool-gradient':
    case 'resize': {
      const input = memory.of(source.input);
      const share = source.kind === 'resize' ? 1 : 1 / (source.size * source.size);
      return (i) => fromSmall(input, source, i) * share;
    }
    case 'spread-taps':
      return spreadTaps(memory.of(source.input), source.taps);
    case 'gather-taps':
      return gatherTaps(memory.of(source.input), source.taps);
    case 'projection-gradient': {
      const { features, dy, kernel, embedding, labels } = source;
      const [seed, w, rows, own] = [dy, kernel, embedding, labels].map((ref) => memory.of(ref));
      return (i) => {
        const [n, f] = [Math.floor(i / features), i % features];
        return seed[n] * (w[f] + rows[own[n] * features + f]);
      };
    }
    default:
      return source satisfies never;
  }
}

interface Squares {
  readonly large: PooledShape;
  readonly size: number;
}

/** Of the square that small pixel i stands for. */
function squareSum(input: Numbers, { large: [height, width, channels], size }: Squares, i: number): number {
  const [rows, columns] = [Math.floor(height / size), Math.floor(width / size)];
  const c = i % channels;
  const pixel = Math.floor(i / channels);
  const [n, y, x] = [Math.floor(pixel / (rows * columns)), Math.floor(pixel / columns) % rows, pixel % columns];
  let sum = 0;
  for (let dy = 0; dy < size; dy++) {
    for (let dx = 0; dx < size; dx++) {
      sum += input[((n * height + y * size + dy) * width + x * size + dx) * channels + c];
    }
  }
  return sum;
}

/** The small pixel that large pixel i lies in; 0 if it lies in none. */
function fromSmall(input: Numbers, { large: [height, width, channels], size }: Squares, i: number): number {
  const [rows, columns] = [Math.floor(height / size), Math.floor(width / size)];
  const c = i % channels;
  const pixel = Math.floor(i / channels);
  const [n, y, x] = [Math.floor(pixel / (height * width)), Math.floor(pixel / width) % height, pixel % width];
  const [row, column] = [Math.floor(y / size), Math.floor(x / size)];
  return row < rows && column < columns ? input[((n * rows + row) * columns + column) * channels + c] : 0;
}

/** F[t] = sum over r < factor of w[kernel - 1 - t + r] along each axis. */
function spreadTaps(input: Numbers, { kernel, factor, inputs, outputs }: TapSums): Read {
  const side = kernel + factor - 1;
  return (i) => {
    const [input0, o] = [i % inputs, Math.floor(i / inputs) % outputs];
    const tap = Math.floor(i / (inputs * outputs));
    const [ty, tx] = [Math.floor(tap / side), tap % side];
    let sum = 0;
    for (let ky = kernel - 1 - ty; ky < kernel - 1 - ty + factor; ky++) {
      for (let kx = kernel - 1 - tx; kx < kernel - 1 - tx + factor; kx++) {
        if (ky < 0 || ky >= kernel || kx < 0 || kx >= kernel) continue;
        sum += input[((ky * kernel + kx) * inputs + input0) * outputs + o];
      }
    }
    return sum;
  };
}

function gatherTaps(input: Numbers, { kernel, factor, inputs, outputs }: TapSums): Read {
  const side = kernel + factor - 1;
  return (i) => {
    const [o, input0] = [i % outputs, Math.floor(i / outputs) % inputs];
    const tap = Math.floor(i / (inputs * outputs));
    const [ky, kx] = [Math.floor(tap / kernel), tap % kernel];
    let sum = 0;
    for (let ty = kernel - 1 - ky; ty < kernel - 1 - ky + factor; ty++) {
      for (let tx = kernel - 1 - kx; tx < kernel - 1 - kx + factor; tx++) {
        sum += input[((ty * side + tx) * outputs + o) * inputs + input0];
      }
    }
    return sum;
  };
}
