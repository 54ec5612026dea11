/**
 * Matrix products in batches, and with transposed operands, for the `wasm` backend.
 *
 * The backend multiplies quickly only one pair at a time and where neither operand is transposed; else it falls into a
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
 * Wraps the backend's own BatchMatMul, which is fast for single matrices that are not transposed and a scalar loop
 * otherwise: transpositions are made explicit, and a batch is taken one product at a time.
 */
export function fastBatchMatMul(): KernelConfig {
  const original = getKernel('BatchMatMul', 'wasm');
  return {
    ...original,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
      const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
      const backend = wasmBackend(call.backend);
      const multiply: Multiply = (left, right) =>
        original.kernelFunc({
          backend,
          inputs: { a: left, b: right },
          attrs: { transposeA: false, transposeB: false },
        }) as TensorInfo;
      const product = (left: TensorInfo, right: TensorInfo): TensorInfo =>
        transposeA || transposeB
          ? multiplyTransposed(
              backend,
              multiply,
              { matrix: left, turn: transposeA },
              { matrix: right, turn: transposeB },
            )
          : multiply(left, right);
      const batches = [a, b].map(({ shape }) => sizeOf(shape.slice(0, -2)));
      const leading = (a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2);
      const withLeading = (result: TensorInfo): TensorInfo => ({
        ...result,
        shape: [...leading, ...result.shape.slice(-2)],
      });
      if (batches.every((batch) => batch === 1)) return withLeading(product(asMatrix(a), asMatrix(b)));
      if (batches[0] !== batches[1]) return original.kernelFunc(call);
      return withLeading(batchOf(backend, product, { a, b, batch: batches[0] }));
    },
  };
}

/** Multiplies pair by pair. Each factor is a tensor of its own: the library keeps what it made of one by its number. */
function batchOf(
  backend: BackendWasm,
  product: Multiply,
  { a, b, batch }: { a: TensorInfo; b: TensorInfo; batch: number },
): TensorInfo {
  const matrix = (tensor: TensorInfo, index: number): TensorInfo => {
    const shape = tensor.shape.slice(-2);
    const size = sizeOf(shape);
    const copy = allocate(backend, shape);
    viewOf(backend, copy).set(viewOf(backend, tensor).subarray(index * size, (index + 1) * size));
    return copy;
  };
  let products: TensorInfo | undefined;
  for (let index = 0; index < batch; index++) {
    const factors = [matrix(a, index), matrix(b, index)] as const;
    const one = product(...factors);
    products ??= allocate(backend, [batch, ...one.shape.slice(-2)]);
    viewOf(backend, products).set(viewOf(backend, one), index * sizeOf(one.shape));
    release(backend, ...factors, one);
  }
  return products!;
}
