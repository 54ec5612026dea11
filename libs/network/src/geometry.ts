/** Sides of convolutions. Padding is TensorFlow's: of `same` the odd element lies behind. */
import type { ConvolutionSpec } from './layer-spec.ts';

type Window = Pick<ConvolutionSpec, 'kernel' | 'stride' | 'padding'>;

/** Side of a convolution's output. */
export function smallSide(large: number, { kernel, stride, padding }: Window): number {
  return padding === 'same' ? Math.ceil(large / stride) : Math.ceil((large - kernel + 1) / stride);
}

/** Side of a transposed convolution's output, as Keras chooses it without output padding. */
export function largeSide(small: number, { kernel, stride, padding }: Window): number {
  return padding === 'same' ? small * stride : small * stride + Math.max(kernel - stride, 0);
}

/** Elements of padding before the first of a convolution's input. */
export function paddingBefore(large: number, window: Window): number {
  if (window.padding === 'valid') return 0;
  const { kernel, stride } = window;
  return Math.floor(Math.max(0, (smallSide(large, window) - 1) * stride + kernel - large) / 2);
}
