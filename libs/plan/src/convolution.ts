/**
 * A convolution between a large image side and a small one, and its three products as matrix products.
 *
 * A transposed convolution is the same seen from the other side, a dense layer is one of single pixels.
 *
 *     forward    small  [rows = images x small pixels,  columns = filters ]  sum over taps x channels
 *     by-input   large  [rows = images x large pixels,  columns = channels]  sum over taps x filters
 *     by-filter  filter [rows = taps x channels,        columns = filters ]  sum over images x small pixels
 *
 * Pixels of the large side whose places agree modulo the stride meet the same taps: these phases are products of their own.
 */
import { largeSide, paddingBefore, smallSide } from '@gradcast/network';
import type { ConvolutionSpec } from '@gradcast/network';

export type Sides = readonly [height: number, width: number];

/** Shapes of one layer's convolution, for any number of images. The filter is `[kernel, kernel, channels, filters]`. */
export interface Convolution {
  readonly large: Sides;
  readonly small: Sides;
  /** Of the large side. */
  readonly channels: number;
  /** Channels of the small side. */
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  /** Padding above and to the left of the large side. */
  readonly before: Sides;
}

/** Which of the three products. */
export type Way = 'forward' | 'by-input' | 'by-filter';

type Window = Pick<ConvolutionSpec, 'kernel' | 'stride' | 'padding' | 'filters'>;

export function convolutionOf([height, width, channels]: readonly number[], spec: Window): Convolution {
  const { kernel, stride, filters } = spec;
  return {
    large: [height, width],
    small: [smallSide(height, spec), smallSide(width, spec)],
    channels,
    filters,
    kernel,
    stride,
    before: [paddingBefore(height, spec), paddingBefore(width, spec)],
  };
}

/** `filters` is the number of the layer's output channels, which here are the large side's. */
export function transposedConvolutionOf([height, width, inputs]: readonly number[], spec: Window): Convolution {
  const large = [largeSide(height, spec), largeSide(width, spec), spec.filters];
  return convolutionOf(large, { ...spec, filters: inputs });
}

export function denseOf(features: number, units: number): Convolution {
  return convolutionOf([1, 1, features], { filters: units, kernel: 1, stride: 1, padding: 'valid' });
}

export interface ProductSize {
  /** Of one phase, where there are several. */
  readonly rows: number;
  readonly columns: number;
  /** Terms of each sum; of the phase with most taps. */
  readonly depth: number;
  /** Products of these sizes; 1 but for `by-input` with a stride. */
  readonly phases: number;
}

export function productSize(way: Way, c: Convolution, images: number): ProductSize {
  const taps = c.kernel * c.kernel;
  const pixels = c.small[0] * c.small[1];
  switch (way) {
    case 'forward':
      return { rows: images * pixels, columns: c.filters, depth: taps * c.channels, phases: 1 };
    case 'by-input': {
      const rows = images * Math.ceil(c.large[0] / c.stride) * Math.ceil(c.large[1] / c.stride);
      const most = Math.ceil(c.kernel / c.stride);
      return { rows, columns: c.channels, depth: most * most * c.filters, phases: c.stride * c.stride };
    }
    case 'by-filter':
      return { rows: taps * c.channels, columns: c.filters, depth: images * pixels, phases: 1 };
    default:
      return way satisfies never;
  }
}

/** Elements of what a product gives. */
export function productElements(way: Way, c: Convolution, images: number): number {
  return sideElements(way === 'forward' ? 'small' : way === 'by-input' ? 'large' : 'filter', c, images);
}

export function sideElements(side: 'large' | 'small' | 'filter', c: Convolution, images: number): number {
  if (side === 'filter') return c.kernel * c.kernel * c.channels * c.filters;
  const [height, width] = c[side];
  return images * height * width * (side === 'large' ? c.channels : c.filters);
}

/** Floating-point operations, the same for all three; products with padding are counted. */
export function productFlops(c: Convolution, images: number): number {
  return 2 * sideElements('small', c, images) * c.kernel * c.kernel * c.channels;
}

/** The taps along one axis that pixels of one phase meet: `first`, `first + stride`, … */
export function phaseTaps(
  phase: number,
  before: number,
  { kernel, stride }: Pick<Convolution, 'kernel' | 'stride'>,
): { readonly first: number; readonly count: number; readonly shift: number } {
  const first = (phase + before) % stride;
  // Tap `first + t stride` of large pixel `phase + y stride` meets small pixel `y + shift - t`.
  const shift = (phase + before - first) / stride;
  return { first, count: Math.max(0, Math.ceil((kernel - first) / stride)), shift };
}
