/**
 * A fast Transpose for the `wasm` backend where whole runs of memory move together.
 *
 * With more than four axes the backend computes the place of each element by divisions, 50 ns an element; as long as the last axes stay
 * last, what they span is one run and is copied as such.
 */
import { getKernel } from '@tensorflow/tfjs-core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { sizeOf } from '@gradcast/tensors';
import { allocate, viewOf, wasmBackend } from './heap.ts';

/** Shorter runs cost more to copy one by one than elements do. */
const SHORTEST_RUN = 16;

/** How many axes at the end stay where they are. */
function fixedAxes(order: readonly number[]): number {
  let fixed = 0;
  while (fixed < order.length && order[order.length - 1 - fixed] === order.length - 1 - fixed) fixed++;
  return fixed;
}

function transposeRuns(
  backend: BackendWasm,
  x: TensorInfo,
  { order, moved, run }: { order: readonly number[]; moved: number; run: number },
): TensorInfo {
  const turned = allocate(
    backend,
    order.map((axis) => x.shape[axis]),
  );
  const from = viewOf(backend, x);
  const to = viewOf(backend, turned);
  const heap = new Float32Array(from.buffer);
  const strides = x.shape.map((_, axis) => sizeOf(x.shape.slice(axis + 1)));
  let target = to.byteOffset / heap.BYTES_PER_ELEMENT;
  const copy = (axis: number, source: number): void => {
    if (axis === moved) {
      heap.copyWithin(target, source, source + run);
      target += run;
      return;
    }
    const moving = order[axis];
    for (let i = 0; i < x.shape[moving]; i++) copy(axis + 1, source + i * strides[moving]);
  };
  copy(0, from.byteOffset / heap.BYTES_PER_ELEMENT);
  return turned;
}

/** Wraps the backend's own Transpose. */
export function fastTranspose(): KernelConfig {
  const original = getKernel('Transpose', 'wasm');
  return {
    ...original,
    kernelFunc: (call) => {
      const { x } = call.inputs as { x: TensorInfo };
      const { perm: order } = call.attrs as { perm: number[] };
      const moved = order.length - fixedAxes(order);
      const run = sizeOf(x.shape.slice(moved));
      if (moved === 0 || run < SHORTEST_RUN || x.dtype !== 'float32') return original.kernelFunc(call);
      return transposeRuns(wasmBackend(call.backend), x, { order, moved, run });
    },
  };
}
