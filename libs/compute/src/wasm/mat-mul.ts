/**
 * Matrix products with transposed operands for the `wasm` backend.
 *
 * The backend multiplies quickly only where neither operand is transposed; with a transposed one it falls into a
 * scalar loop ten times slower. Here the cheaper transposition is made explicit: `A Bᵀ` is either `A (Bᵀ)` or `(B Aᵀ)ᵀ`.
 */
import { getKernel } from '@tensorflow/tfjs-core';
import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { sizeOf } from '@gradcast/tensors';
import { allocate, release, viewOf, wasmBackend } from './heap.ts';

/** Side of the square blocks in which a matrix is transposed: two of them fit the first-level cache. */
const BLOCK = 32;

type Multiply = (a: TensorInfo, b: TensorInfo) => TensorInfo;

/** A matrix `[rows, columns]` as `[columns, rows]`. */
function transposed(backend: BackendWasm, matrix: TensorInfo): TensorInfo {
  const [rows, columns] = matrix.shape as [number, number];
  const turned = allocate(backend, [columns, rows]);
  const from = viewOf(backend, matrix);
  const to = viewOf(backend, turned);
  for (let top = 0; top < rows; top += BLOCK) {
    const bottom = Math.min(rows, top + BLOCK);
    for (let left = 0; left < columns; left += BLOCK) {
      const right = Math.min(columns, left + BLOCK);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) to[column * rows + row] = from[row * columns + column]!;
      }
    }
  }
  return turned;
}

function asMatrix({ dataId, dtype, shape }: TensorInfo): TensorInfo {
  return { dataId, dtype, shape: shape.slice(-2) };
}

/** The product of two matrices of which at least one is taken transposed. */
function multiplyTransposed(
  backend: BackendWasm,
  multiply: Multiply,
  a: { matrix: TensorInfo; turn: boolean },
  b: { matrix: TensorInfo; turn: boolean },
): TensorInfo {
  const rows = a.matrix.shape[a.turn ? 1 : 0];
  const columns = b.matrix.shape[b.turn ? 0 : 1];
  const sizeA = sizeOf(a.matrix.shape);
  const sizeB = sizeOf(b.matrix.shape);
  const direct = (a.turn ? sizeA : 0) + (b.turn ? sizeB : 0);
  const mirrored = (a.turn ? 0 : sizeA) + (b.turn ? 0 : sizeB) + rows * columns;
  const mirror = mirrored < direct;
  const scratch: TensorInfo[] = [];
  const operand = ({ matrix, turn }: { matrix: TensorInfo; turn: boolean }): TensorInfo => {
    if (turn === mirror) return matrix;
    const turned = transposed(backend, matrix);
    scratch.push(turned);
    return turned;
  };
  const left = operand(a);
  const right = operand(b);
  if (!mirror) {
    const product = multiply(left, right);
    release(backend, ...scratch);
    return product;
  }
  const product = multiply(right, left);
  const result = transposed(backend, asMatrix(product));
  release(backend, ...scratch, product);
  return result;
}

/**
 * Wraps the backend's own BatchMatMul: single matrices with a transposed operand take the fast way, the rest goes through.
 */
export function fastBatchMatMul(): KernelConfig {
  const original = getKernel('BatchMatMul', 'wasm');
  return {
    ...original,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
      const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
      const single = [a, b].every(({ shape }) => shape.length >= 2 && sizeOf(shape.slice(0, -2)) === 1);
      if (!single || (!transposeA && !transposeB)) return original.kernelFunc(call);
      const backend = wasmBackend(call.backend);
      const multiply: Multiply = (left, right) =>
        original.kernelFunc({
          backend,
          inputs: { a: left, b: right },
          attrs: { transposeA: false, transposeB: false },
        }) as TensorInfo;
      const product = multiplyTransposed(
        backend,
        multiply,
        { matrix: asMatrix(a), turn: transposeA },
        { matrix: asMatrix(b), turn: transposeB },
      );
      const leading = a.shape.length >= b.shape.length ? a.shape : b.shape;
      return { ...product, shape: [...leading.slice(0, -2), ...product.shape.slice(-2)] };
    },
  };
}
