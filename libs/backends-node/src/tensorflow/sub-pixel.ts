/**
 * A strided convolution's input gradient, or a transposed convolution, towards few channels: one stride-1 convolution
 * whose output channels are the pixels of a square of `stride` x `stride`, which then take their places.
 *
 * oneDNN fills its vectors with channels, so an image of one channel leaves nearly all of each vector empty. Source: the
 * sub-pixel convolution of Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
 * Convolutional Neural Network" (CVPR 2016).
 */
import type { Window } from '@gradcast/network';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { axesBetween, type Axis, reachOf } from '@gradcast/engine';
import { convolutionValues, NHWC, type Ops } from './ops.ts';

/** Channels that oneDNN computes together; fewer take as long. */
const CHANNEL_BLOCK = 16;

type Shape4D = [number, number, number, number];

/** One axis of the stride-1 convolution: square q reads `dy` at q + `first`, q + `first` + 1, … */
interface SquareAxis {
  readonly squares: number;
  readonly first: number;
  readonly taps: number;
  readonly after: number;
}

/** Whether all pixels of a square fit the channels that are computed together. */
export function fitsSubPixel([, , , channels]: Shape4D, { stride }: Window): boolean {
  return stride > 1 && channels * stride * stride <= CHANNEL_BLOCK;
}

/**
 * Where output o reads the squares from o + first to o + last, square q is read by the outputs from q - last to q - first:
 * pixel r of it by tap r + before - s d at output q + d.
 */
function squareAxis(axis: Axis): SquareAxis {
  const squares = Math.ceil(axis.input / axis.stride);
  const { first, last } = reachOf(axis);
  return { squares, first: -last, taps: last - first + 1, after: squares - first - axis.output };
}

/** Row-major 0 and 1: which tap `[kh kw]` each tap and pixel of a square `[taps, taps, stride, stride]` is. */
function selection([vertical, horizontal]: readonly [Axis, Axis], rows: SquareAxis, columns: SquareAxis): Float32Array {
  const { stride, filter: width } = horizontal;
  const taps = vertical.filter * width;
  const chosen = new Float32Array(rows.taps * columns.taps * stride * stride * taps);
  let entry = 0;
  for (let u = 0; u < rows.taps; u++) {
    for (let v = 0; v < columns.taps; v++) {
      for (let r = 0; r < stride; r++) {
        for (let s = 0; s < stride; s++, entry += taps) {
          const row = r + vertical.before - stride * (rows.first + u);
          const column = s + horizontal.before - stride * (columns.first + v);
          if (row < 0 || row >= vertical.filter || column < 0 || column >= width) continue;
          chosen[entry + row * width + column] = 1;
        }
      }
    }
  }
  return chosen;
}

/** Input gradient by one convolution; what `Kernels.conv2dInputGradient` says, for a stride above 1. */
export function subPixelInputGradient(
  ops: Ops,
  dy: Tensor4D,
  filter: Tensor4D,
  inputShape: Shape4D,
  window: Window,
): Tensor4D {
  const { stride } = window;
  const [images, height, width, channels] = inputShape;
  const axes = axesBetween(inputShape, filter.shape, window);
  const [rows, columns] = axes.map(squareAxis);
  return tf.tidy(() => {
    const taps = axes[0].filter * axes[1].filter;
    const square = channels * stride * stride;
    const selector = tf.tensor2d(selection(axes, rows, columns), [rows.taps * columns.taps * stride * stride, taps]);
    const flat = tf.reshape(filter, [taps, channels * dy.shape[3]]);
    const chosen = tf.reshape(tf.matMul(selector, flat), [rows.taps, columns.taps, square, dy.shape[3]]);
    const squares = ops.one('Conv2D', [dy, tf.transpose(chosen, [0, 1, 3, 2])], {
      ...convolutionValues(1, 'EXPLICIT'),
      explicit_paddings: { int: [0, 0, -rows.first, rows.after, -columns.first, columns.after, 0, 0] },
    });
    const pixels = ops.one('DepthToSpace', [squares], {
      block_size: { int: stride },
      ...NHWC,
    }) as Tensor4D;
    const whole = rows.squares * stride === height && columns.squares * stride === width;
    return whole ? pixels : tf.slice(pixels, [0, 0, 0, 0], [images, height, width, channels]);
  });
}
