/** A layer's products straight from their definition, taps by taps. */
import { partDepth } from '../tiles.ts';
import { productElements, productSize } from '../convolution.ts';
import type { ProductLaunch } from '../launch.ts';
import type { Memory, Numbers } from './memory.ts';
import { stepsOf } from './steps.ts';

export function product(launch: ProductLaunch, memory: Memory): void {
  const { way, convolution, images, parts, shape, steps } = launch;
  const out = memory.of(launch.out);
  const elements = productElements(way, convolution, images);
  const [left, right] = [memory.of(launch.left), memory.of(launch.right)];
  const sums = new Float64Array(parts * elements);
  const { depth } = productSize(way, convolution, images);
  const perPart = partDepth(depth, parts);
  if (way === 'forward') forward(launch, { left, right, put: (i, k, v) => (sums[partOf(k) * elements + i] += v) });
  else if (way === 'by-input')
    byInput(launch, { left, right, put: (i, k, v) => (sums[partOf(k) * elements + i] += v) });
  else byFilter(launch, { left, right, put: (i, k, v) => (sums[partOf(k) * elements + i] += v) });
  function partOf(k: number): number {
    return parts === 1 ? 0 : Math.floor(k / perPart);
  }
  const apply = stepsOf(steps, shape, memory);
  for (let i = 0; i < sums.length; i++) out[i] = apply(sums[i], i);
}

interface Operands {
  readonly left: Numbers;
  readonly right: Numbers;
  /** Adds the k-th term of output i. */
  readonly put: (i: number, k: number, v: number) => void;
}

type Visit = (place: { n: number; small: number; large: number; tap: number }) => void;

/** All pairs of a small and a large pixel that a tap joins; places count pixels, without channels. */
function eachPair({ convolution: c, images }: ProductLaunch, visit: Visit): void {
  const [height, width] = c.large;
  const [rows, columns] = c.small;
  for (let n = 0; n < images; n++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (let ky = 0; ky < c.kernel; ky++) {
          const y = row * c.stride + ky - c.before[0];
          if (y < 0 || y >= height) continue;
          for (let kx = 0; kx < c.kernel; kx++) {
            const x = column * c.stride + kx - c.before[1];
            if (x < 0 || x >= width) continue;
            const small = (n * rows + row) * columns + column;
            visit({ n, small, large: (n * height + y) * width + x, tap: ky * c.kernel + kx });
          }
        }
      }
    }
  }
}

function forward(launch: ProductLaunch, { left, right, put }: Operands): void {
  const { channels, filters } = launch.convolution;
  eachPair(launch, ({ small, large, tap }) => {
    for (let c = 0; c < channels; c++) {
      const x = left[large * channels + c];
      const k = tap * channels + c;
      for (let o = 0; o < filters; o++) put(small * filters + o, k, x * right[k * filters + o]);
    }
  });
}

function byInput(launch: ProductLaunch, { left, right, put }: Operands): void {
  const { channels, filters } = launch.convolution;
  eachPair(launch, ({ small, large, tap }) => {
    for (let c = 0; c < channels; c++) {
      const row = (tap * channels + c) * filters;
      for (let o = 0; o < filters; o++) {
        put(large * channels + c, tap * filters + o, left[small * filters + o] * right[row + o]);
      }
    }
  });
}

function byFilter(launch: ProductLaunch, { left, right, put }: Operands): void {
  const { channels, filters } = launch.convolution;
  eachPair(launch, ({ small, large, tap }) => {
    for (let c = 0; c < channels; c++) {
      const x = left[large * channels + c];
      const row = (tap * channels + c) * filters;
      for (let o = 0; o < filters; o++) put(row + o, small, x * right[small * filters + o]);
    }
  });
}
