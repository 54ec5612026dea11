/**
 * Conv2D for the `wasm` backend with `same` padding spelt out.
 *
 * Left to compute `same` itself, the backend's library takes the difference of two unsigned lengths and returns zeros
 * where a filter side is shorter than the stride (4 pixels, filter 1, stride 2). With explicit padding it is right.
 */
import { backend_util, getKernel } from '@tensorflow/tfjs-core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';

/** Wraps the backend's own Conv2D; shapes and attributes stay the same. */
export function explicitConv2D(): KernelConfig {
  const original = getKernel('Conv2D', 'wasm');
  return {
    ...original,
    kernelFunc: (call) => {
      const { x, filter } = call.inputs as { x: TensorInfo; filter: TensorInfo };
      const { strides, dilations, pad } = call.attrs as {
        strides: [number, number];
        dilations: [number, number];
        pad: unknown;
      };
      if (pad !== 'same') return original.kernelFunc(call);
      const { padInfo } = backend_util.computeConv2DInfo(
        x.shape as [number, number, number, number],
        filter.shape as [number, number, number, number],
        strides,
        dilations,
        'same',
      );
      const explicit = [
        [0, 0],
        [padInfo.top, padInfo.bottom],
        [padInfo.left, padInfo.right],
        [0, 0],
      ] as unknown as number[];
      return original.kernelFunc({ ...call, attrs: { ...call.attrs, pad: explicit } });
    },
  };
}
