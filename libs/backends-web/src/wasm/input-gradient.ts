/**
 * A fast Conv2DBackpropInput for the `wasm` backend, in place of its naive loop.
 *
 * Input pixels whose position agrees modulo the stride meet the same filter taps, so each of the `stride²` phases is an
 * ordinary stride-1 convolution of `dy` with the reversed taps of that phase. Two ways lead there, and the shapes alone
 * choose between them: one convolution per phase (no wasted taps), or a single convolution whose output channels are
 * the phases (better for few channels, since the convolution works on blocks of eight).
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { axesOf, inputGradientPass, phasesOf } from '@gradcast/engine';
import type { Axis, ConvolutionInfo, Pass, Phase } from '@gradcast/engine';
import { allocate, convolve, release, viewOf, wasmBackend } from './heap.ts';

/** Output channels are computed in blocks of this many. */
const CHANNEL_BLOCK = 8;

/** One phase in both directions. */
interface Cell {
  readonly row: Phase;
  readonly column: Phase;
}

/** A stride-1 convolution that yields the gradients of its cells, `inChannels` outputs for each. */
interface Plan {
  readonly cells: readonly Cell[];
  readonly taps: readonly [number, number];
  /** Origins covered by the convolution's wanted outputs. */
  readonly from: readonly [number, number];
  readonly count: readonly [number, number];
}

interface Gradient {
  readonly backend: BackendWasm;
  readonly info: ConvolutionInfo;
  readonly dy: TensorInfo;
  readonly filter: TensorInfo;
  readonly dx: TensorInfo;
}

function costOf({ cells, taps, count }: Plan, channels: number): number {
  const outputs = Math.ceil((cells.length * channels) / CHANNEL_BLOCK) * CHANNEL_BLOCK;
  return taps[0] * taps[1] * count[0] * count[1] * outputs;
}

/** One convolution over the union of what the cells need. */
function planFor(cells: readonly Cell[]): Plan {
  const span = (phases: readonly Phase[]): { taps: number; from: number; count: number } => {
    const from = Math.min(...phases.map(({ origin }) => origin));
    const to = Math.max(...phases.map(({ origin, count }) => origin + count));
    return { taps: Math.max(...phases.map(({ taps }) => taps)), from, count: to - from };
  };
  const rows = span(cells.map(({ row }) => row));
  const columns = span(cells.map(({ column }) => column));
  return {
    cells,
    taps: [rows.taps, columns.taps],
    from: [rows.from, columns.from],
    count: [rows.count, columns.count],
  };
}

function plansFor([vertical, horizontal]: readonly [Axis, Axis], channels: number): Plan[] {
  const reached = ({ taps }: Phase): boolean => taps > 0;
  const cells = phasesOf(vertical)
    .filter(reached)
    .flatMap((row) =>
      phasesOf(horizontal)
        .filter(reached)
        .map((column) => ({ row, column })),
    );
  const apart = cells.map((cell) => planFor([cell]));
  const together = planFor(cells);
  const costApart = apart.reduce((sum, plan) => sum + costOf(plan, channels), 0);
  return costOf(together, channels) < costApart ? [together] : apart;
}

/** The filter `[T, T', O, cells * C]` of a plan: reversed taps of each phase, zero where a phase has fewer. */
function phaseFilter({ backend, info, filter }: Gradient, { cells, taps }: Plan): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels, strideHeight, strideWidth } = info;
  const turned = allocate(backend, [taps[0], taps[1], outChannels, cells.length * inChannels]);
  const from = viewOf(backend, filter);
  const to = viewOf(backend, turned);
  to.fill(0);
  const pitch = cells.length * inChannels;
  for (let u = 0; u < taps[0]; u++) {
    for (let v = 0; v < taps[1]; v++) {
      cells.forEach(({ row, column }, cell) => {
        const kh = row.phase + strideHeight * (taps[0] - 1 - u);
        const kw = column.phase + strideWidth * (taps[1] - 1 - v);
        if (kh >= filterHeight || kw >= filterWidth) return;
        const source = (kh * filterWidth + kw) * inChannels * outChannels;
        const target = (u * taps[1] + v) * outChannels * pitch + cell * inChannels;
        for (let out = 0; out < outChannels; out++) {
          for (let channel = 0; channel < inChannels; channel++) {
            to[target + out * pitch + channel] = from[source + channel * outChannels + out]!;
          }
        }
      });
    }
  }
  return turned;
}

/** Puts the pixels of a plan's convolution where they belong in `dx`. */
function scatter({ backend, info, dx }: Gradient, y: TensorInfo, plan: Plan, skip: readonly [number, number]): void {
  const { batchSize, inChannels, inHeight, inWidth, strideHeight, strideWidth } = info;
  const [, rows, columns, pitch] = y.shape as [number, number, number, number];
  const from = viewOf(backend, y);
  const to = viewOf(backend, dx);
  plan.cells.forEach(({ row, column }, cell) => {
    const top = row.origin - plan.from[0] + skip[0];
    const left = column.origin - plan.from[1] + skip[1];
    for (let image = 0; image < batchSize; image++) {
      for (let r = 0; r < row.count; r++) {
        let source = ((image * rows + top + r) * columns + left) * pitch + cell * inChannels;
        let target = ((image * inHeight + row.first + r * strideHeight) * inWidth + column.first) * inChannels;
        for (let c = 0; c < column.count; c++, source += pitch, target += strideWidth * inChannels) {
          for (let channel = 0; channel < inChannels; channel++) to[target + channel] = from[source + channel]!;
        }
      }
    }
  });
}

/** True if the convolution's output already is `dx`, pixel for pixel. */
function isWhole(y: TensorInfo, plan: Plan, passes: readonly [Pass, Pass], info: ConvolutionInfo): boolean {
  return (
    plan.cells.length === 1 &&
    info.strideHeight === 1 &&
    info.strideWidth === 1 &&
    passes.every(({ skip }) => skip === 0) &&
    y.shape.every((length, axis) => length === info.inShape[axis])
  );
}

function inputGradient(backend: BackendWasm, dy: TensorInfo, filter: TensorInfo, info: ConvolutionInfo): TensorInfo {
  const axes = axesOf(info);
  const plans = plansFor(axes, info.inChannels);
  const dx = allocate(backend, info.inShape);
  const gradient: Gradient = { backend, info, dy, filter, dx };
  const unreached = axes.some((axis) => phasesOf(axis).some(({ taps }) => taps === 0));
  if (unreached) viewOf(backend, dx).fill(0);
  for (const plan of plans) {
    const passes = [0, 1].map((axis) =>
      inputGradientPass(axes[axis].output, {
        origin: plan.from[axis],
        count: plan.count[axis],
        taps: plan.taps[axis],
      }),
    ) as [Pass, Pass];
    const turned = phaseFilter(gradient, plan);
    const y = convolve(backend, dy, turned, {
      pad: [passes[0].before, passes[0].after, passes[1].before, passes[1].after],
    });
    release(backend, turned);
    if (isWhole(y, plan, passes, info)) {
      release(backend, dx);
      return y;
    }
    scatter(gradient, y, plan, [passes[0].skip, passes[1].skip]);
    release(backend, y);
  }
  return dx;
}

/**
 * Gradient of a convolution's input, which is also a transposed convolution: `dy` `[N, OH, OW, O]`, `filter`
 * `[kh, kw, C, O]`, result `inputShape` `[N, H, W, C]`.
 */
export const conv2DBackpropInput: KernelConfig = {
  kernelName: 'Conv2DBackpropInput',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const { strides, pad, dimRoundingMode, inputShape } = attrs as unknown as {
      strides: number | [number, number];
      pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
      inputShape: [number, number, number, number];
    };
    const info = backend_util.computeConv2DInfo(
      inputShape,
      filter.shape as [number, number, number, number],
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    return inputGradient(wasmBackend(backend), dy, filter, info);
  },
};
