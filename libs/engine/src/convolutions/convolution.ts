/** The geometry of a 2-D convolution as tfjs-core describes it, split into its two axes. */
import type { Window } from '@gradcast/network';
import { backend_util } from '@tensorflow/tfjs-core';
import type { Axis } from './window.ts';

/** What `backend_util.computeConv2DInfo` says about a convolution. */
export type ConvolutionInfo = backend_util.Conv2DInfo;

/** The vertical and the horizontal axis. */
export function axesOf(info: ConvolutionInfo): [Axis, Axis] {
  return [
    {
      input: info.inHeight,
      output: info.outHeight,
      filter: info.filterHeight,
      stride: info.strideHeight,
      before: info.padInfo.top,
    },
    {
      input: info.inWidth,
      output: info.outWidth,
      filter: info.filterWidth,
      stride: info.strideWidth,
      before: info.padInfo.left,
    },
  ];
}

type Shape4D = [number, number, number, number];

/** The axes of a convolution of images `[N, H, W, C]` with a filter `[kh, kw, C, O]`. */
export function axesBetween(input: Shape4D, filter: Shape4D, { stride, padding }: Window): [Axis, Axis] {
  return axesOf(backend_util.computeConv2DInfo(input, filter, stride, 1, padding));
}
