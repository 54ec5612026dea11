/** How long one call of a kernel takes, on operands made for it. */
import { performance } from 'node:perf_hooks';
import { convolutionOf } from '@gradcast/network';
import type { Kernels } from '@gradcast/network';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, TensorContainer } from '@tensorflow/tfjs-core';
import type { Call, Form, Operand, Product } from './messages.ts';

/** Which forms of its operands a product of a convolution takes. */
const TAKES: Readonly<Record<Product, readonly [Form, Form]>> = {
  forward: ['input', 'filter'],
  inputGradient: ['output', 'filter'],
  filterGradient: ['input', 'output'],
};

type Method = (...operands: readonly unknown[]) => TensorContainer;

/** What to time, and the operands that it needs. */
interface Prepared {
  readonly call: () => void;
  readonly operands: readonly unknown[];
}

/** Milliseconds of one call, from as many as fill the time; or why the set cannot do it. */
export function timeCall(
  kernels: Kernels,
  call: Call,
  leastMs: number,
): { readonly ms: number } | { readonly lacks: string } {
  const prepared = call.convolution ? convolutionCall(kernels, call) : kernelCall(kernels, call);
  try {
    prepared.call();
  } catch (error) {
    return { lacks: (error as Error).message };
  }
  // The first turns are the compiler's.
  repeat(prepared.call, leastMs);
  const ms = repeat(prepared.call, leastMs);
  tf.dispose(prepared.operands as TensorContainer);
  return { ms };
}

function kernelCall(kernels: Kernels, { kernel, operands: described }: Call): Prepared {
  const operands: unknown[] = described.map(made);
  const savedAt = described.findIndex((operand) => 'saved' in operand);
  if (savedAt >= 0) {
    // What a BatchNorm keeps for its gradient is the set's own business.
    const [, x, gamma] = operands as [Tensor, Tensor, Tensor1D];
    operands[savedAt] = kernels.batchNorm(x, gamma, tf.zerosLike(gamma), operands.at(-1) as number).saved;
  }
  const methods = kernels as unknown as Readonly<Record<string, Method>>;
  return { call: () => tf.dispose(methods[kernel](...operands)), operands };
}

function convolutionCall(kernels: Kernels, { convolution, operands: described }: Call): Prepared {
  const { shapes, method } = convolution!;
  const own = convolutionOf(kernels, shapes) as unknown as Readonly<Record<Product | Form, Method>>;
  const forms = method in TAKES ? TAKES[method as Product] : undefined;
  const operands = described.map((operand, place) => {
    const tensor = made(operand);
    return forms ? own[forms[place]](tensor) : tensor;
  });
  return { call: () => tf.dispose(own[method](...operands)), operands };
}

/** Milliseconds of one call. */
function repeat(call: () => void, leastMs: number): number {
  const begin = performance.now();
  let calls = 0;
  do {
    call();
    calls += 1;
  } while (performance.now() - begin < leastMs);
  return (performance.now() - begin) / calls;
}

/** An operand as a kernel takes it; a tensor has numbers between -0.5 and 0.5, the same on every machine. */
function made(operand: Operand): unknown {
  if (!('shape' in operand)) return 'value' in operand ? operand.value : undefined;
  const values = Float32Array.from(
    { length: operand.shape.reduce((product, side) => product * side, 1) },
    (_, index) => (Math.imul(index + 1, 0x9e3779b1) >>> 8) / 2 ** 24 - 0.5,
  );
  return tf.tensor(values, [...operand.shape]);
}
