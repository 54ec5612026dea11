/**
 * Access to tensors in the linear memory of the `wasm` backend, for kernels written in TypeScript.
 *
 * Invariant: a view is taken after the last allocation of a kernel, because an allocation may grow the memory and that
 * detaches every view taken before.
 */
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { getKernel } from '@tensorflow/tfjs-core';
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';

/**
 * The backend a kernel was called with.
 *
 * @throws TypeError if a kernel of the `wasm` backend runs on another one.
 */
export function wasmBackend(backend: unknown): BackendWasm {
  if (!(backend instanceof BackendWasm)) throw new TypeError('a wasm kernel was called with another backend');
  return backend;
}

/** A view of a float tensor's memory; valid until the next allocation on the backend. */
export function viewOf(backend: BackendWasm, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

/** Allocates a float tensor with undefined content. */
export function allocate(backend: BackendWasm, shape: readonly number[]): TensorInfo {
  return backend.makeOutput([...shape], 'float32');
}

/** Gives the memory of an intermediate result back. */
export function release(backend: BackendWasm, ...tensors: readonly TensorInfo[]): void {
  for (const tensor of tensors) backend.disposeData(tensor.dataId);
}

/** Runs a kernel of the backend below the tape: the caller owns the result and releases it. */
export function runWasmKernel(
  backend: BackendWasm,
  name: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap,
): TensorInfo {
  return getKernel(name, 'wasm').kernelFunc({ inputs, backend, attrs }) as TensorInfo;
}

/** Runs a stride-1 convolution (NHWC, HWIO) with explicit padding `[top, bottom, left, right]`. */
export function convolve(
  backend: BackendWasm,
  x: TensorInfo,
  filter: TensorInfo,
  window: { pad: readonly [number, number, number, number]; dilations?: readonly [number, number] },
): TensorInfo {
  const [top, bottom, left, right] = window.pad;
  return runWasmKernel(
    backend,
    'Conv2D',
    { x, filter },
    {
      strides: [1, 1],
      pad: [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ],
      dataFormat: 'NHWC',
      dilations: [...(window.dilations ?? [1, 1])],
    },
  );
}
