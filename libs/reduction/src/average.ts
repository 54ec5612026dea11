/**
 * From a sum over M micro-batches to the average that is broadcast: mean and norms, in the middle of the all-reduce.
 */
import type { ParameterGroup } from '@gradcast/tensors';
import type { Measure, Range, VectorKernels } from '@gradcast/vector';

/** Which part of a gradient vector is what. */
export interface GradientShape {
  /** Elements of the gradient; the tail follows. */
  readonly parameters: number;
  /** They cover the gradient, in order. */
  readonly groups: readonly ParameterGroup[];
}

/** What a step's average measured. */
export interface AverageNorms {
  readonly finite: boolean;
  /** Euclidean norm of the whole gradient. */
  readonly norm: number;
  /** Of each group's gradient, in the order of the groups. */
  readonly groups: readonly number[];
}

/**
 * Turns a sum into the mean (M is a power of two, so the division is exact) and measures it. The tail is scaled with it,
 * in place, but stays out of the norms.
 *
 * Each group whose norm is above `clipNorm` is then scaled down to it (Pascanu et al., 2013, a group at a time); the norms are
 * those before.
 *
 * @param sum the gradient's sum, and where its mean goes, which may be the same.
 */
export function takeMean(
  sum: { readonly gradient: Float32Array; readonly into: Float32Array; readonly tail: Float32Array },
  options: {
    readonly leaves: number;
    readonly shape: GradientShape;
    readonly kernels: VectorKernels;
    readonly clipNorm?: number | undefined;
  },
): AverageNorms {
  const { leaves, shape, kernels, clipNorm = Infinity } = options;
  const { gradient, into, tail } = sum;
  const scaled = (range: Range) => kernels.scaleMeasured(into, gradient, 1 / leaves, range);
  const groups = shape.groups.map(({ from, to }) => scaled({ from, to }));
  const norms = normsOf(groups, kernels.scaleMeasured(tail, tail, 1 / leaves, { from: 0, to: tail.length }));
  for (const [index, { from, to }] of shape.groups.entries()) {
    const norm = norms.groups[index];
    // What is not finite has diverged, and is not to look otherwise.
    if (norms.finite && norm > clipNorm) kernels.scale(into.subarray(from, to), clipNorm / norm);
  }
  return norms;
}

/** Norms of gradient and tail in one vector; `finite` speaks of the tail too. */
export function measureGradient(vector: Float32Array, shape: GradientShape, kernels: VectorKernels): AverageNorms {
  return normsOf(
    shape.groups.map(({ from, to }) => kernels.measure(vector, from, to)),
    kernels.measure(vector, shape.parameters, vector.length),
  );
}

/** Whether a gradient is finite and its norm no larger than `norm`. */
export function isWithin({ finite, norm: own }: AverageNorms, norm: number): boolean {
  return finite && own <= norm;
}

/** @param groups each group's; their squares are added in this order, which the bits of the norm depend on. */
export function normsOf(groups: readonly Measure[], tail: Pick<Measure, 'finite'>): AverageNorms {
  return {
    finite: tail.finite && groups.every(({ finite }) => finite),
    norm: Math.sqrt(groups.reduce((sum, { sumOfSquares }) => sum + sumOfSquares, 0)),
    groups: groups.map(({ sumOfSquares }) => Math.sqrt(sumOfSquares)),
  };
}
