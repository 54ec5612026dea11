/**
 * What rounding alone may change. Next to a kink of (leaky) ReLU an activation falls on one side with one order of additions and on the
 * other with another: both gradients are right, and apart by all that goes through it. In twenty steps of training such a
 * difference grows. How far, tells the same computation with its parameters moved by as much as rounding does.
 */
import { formulaWord } from '@gradcast/task';

/** Of a parameter, relative: some times what two backends' activations are apart. */
const MOVED = 2e-6;
/** How many times as far as moved parameters bring it two backends may be apart. */
const LEEWAY = 3;
/** Of formulaWord, apart from those of parameters and fields. */
const FIRST_TENSOR = 900;

/** Copies of parameters, each with every element moved by up to 2e-6 of itself. */
export function movedParameters(parameters: Float32Array, copies: number): Float32Array[] {
  return Array.from({ length: copies }, (_, copy) =>
    parameters.map((value, i) => value * (1 + MOVED * (formulaWord(FIRST_TENSOR + copy, i) / 2 ** 31 - 1))),
  );
}

/** The tolerance, or more where moved parameters bring the computation itself `own` away. */
export function withLeeway(tolerance: number, ...own: readonly number[]): number {
  return Math.max(tolerance, ...own.map((distance) => LEEWAY * distance));
}
