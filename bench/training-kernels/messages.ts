/** What the benchmark asks a process with one set of kernels, and hears of it. */
import type { PresetName } from '@gradcast/gan';
import type { ConvolutionShapes } from '@gradcast/network';

/** Ours, or what tfjs comes with. */
export type KernelSet = 'own' | 'stock';

/** The backends that tfjs has kernels of its own for. */
export type StockBackend = 'tensorflow' | 'wasm';

/** The products of a convolution that is brought into a form first, and the forms of its operands. */
export type Product = 'forward' | 'inputGradient' | 'filterGradient';
export type Form = 'input' | 'filter' | 'output';

/** An operand: a tensor by its shape, what a BatchNorm saved for its gradient, or any other value. */
export type Operand = { readonly shape: readonly number[] } | { readonly saved: true } | { readonly value: unknown };

/** One kind of call: a kernel, or a step of a convolution, and its operands. */
export interface Call {
  readonly kernel: string;
  readonly convolution?: { readonly shapes: ConvolutionShapes; readonly method: Product | Form } | undefined;
  readonly operands: readonly Operand[];
}

export interface RecordedCase extends Call {
  /** How often it occurs in a step. */
  readonly calls: number;
}

export type Asked =
  | { readonly type: 'load'; readonly backend: StockBackend; readonly set: KernelSet }
  | { readonly type: 'record'; readonly preset: PresetName }
  | ({ readonly type: 'time'; readonly leastMs: number } & Call);

export type Told =
  | { readonly type: 'loaded' }
  | { readonly type: 'recorded'; readonly cases: readonly RecordedCase[] }
  | { readonly type: 'timed'; readonly outcome: { readonly ms: number } | { readonly lacks: string } };
