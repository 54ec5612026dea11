/**
 * Conv2DBackpropFilter for the `wasm` backend, which has none.
 *
 * The filter gradient is a convolution in which images play the part of channels: with `x` as `[C, H, W, N]` and `dy` as a
 * filter `[OH, OW, N, O]` dilated by the stride, the `kh x kw` outputs are the gradient as `[C, kh, kw, O]`. The backend's
 * own convolution then does all the arithmetic, at the speed of the forward pass and without an im2col buffer.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { axesOf, filterGradientPass } from '@gradcast/engine';
import type { ConvolutionInfo } from '@gradcast/engine';
import { allocate, convolve, release, viewOf, wasmBackend } from './heap.ts';

/** `[N, P, C]` to `[C, P, N]`, so that a convolution sums over images. */
function imagesToChannels(backend: BackendWasm, x: TensorInfo): TensorInfo {
  const [images, height, width, channels] = x.shape as [number, number, number, number];
  const pixels = height * width;
  const turned = allocate(backend, [channels, height, width, images]);
  const from = viewOf(backend, x);
  const to = viewOf(backend, turned);
  const imageStride = pixels * channels;
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const target = (channel * pixels + pixel) * images;
      let source = pixel * channels + channel;
      for (let image = 0; image < images; image++, source += imageStride) to[target + image] = from[source]!;
    }
  }
  return turned;
}

/** `[N, OH, OW, O]` to the filter `[OH, OW, N, O]`. */
function imagesInsidePixels(backend: BackendWasm, dy: TensorInfo): TensorInfo {
  const [images, height, width, channels] = dy.shape as [number, number, number, number];
  const pixels = height * width;
  const turned = allocate(backend, [height, width, images, channels]);
  const from = viewOf(backend, dy);
  const to = viewOf(backend, turned);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let image = 0; image < images; image++) {
      const source = (image * pixels + pixel) * channels;
      const target = (pixel * images + image) * channels;
      for (let channel = 0; channel < channels; channel++) to[target + channel] = from[source + channel]!;
    }
  }
  return turned;
}

/** `[C, kh', kw', O]` to `[kh, kw, C, O]`, dropping taps beyond the filter. */
function toFilterOrder(backend: BackendWasm, taps: TensorInfo, info: ConvolutionInfo): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const [, rows, columns] = taps.shape as [number, number, number, number];
  const filter = allocate(backend, [filterHeight, filterWidth, inChannels, outChannels]);
  const from = viewOf(backend, taps);
  const to = viewOf(backend, filter);
  let target = 0;
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      for (let channel = 0; channel < inChannels; channel++) {
        const source = ((channel * rows + row) * columns + column) * outChannels;
        for (let out = 0; out < outChannels; out++) to[target++] = from[source + out]!;
      }
    }
  }
  return filter;
}

function filterGradient(backend: BackendWasm, x: TensorInfo, dy: TensorInfo, info: ConvolutionInfo): TensorInfo {
  const [vertical, horizontal] = axesOf(info);
  const rows = filterGradientPass(vertical);
  const columns = filterGradientPass(horizontal);
  const input = imagesToChannels(backend, x);
  const filter = imagesInsidePixels(backend, dy);
  const taps = convolve(backend, input, filter, {
    pad: [rows.before, rows.after, columns.before, columns.after],
    dilations: [vertical.stride, horizontal.stride],
  });
  release(backend, input, filter);
  const gradient = toFilterOrder(backend, taps, info);
  release(backend, taps);
  return gradient;
}

/** Gradient of a convolution's filter: `x` `[N, H, W, C]`, `dy` `[N, OH, OW, O]`, result `[kh, kw, C, O]`. */
export const conv2DBackpropFilter: KernelConfig = {
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as {
      strides: number | [number, number];
      pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
      filterShape: [number, number, number, number];
    };
    const info = backend_util.computeConv2DInfo(
      x.shape as [number, number, number, number],
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    return filterGradient(wasmBackend(backend), x, dy, info);
  },
};
