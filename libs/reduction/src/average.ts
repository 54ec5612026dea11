/**
 * From a sum over M micro-batches to the average that is broadcast: mean, norms, clip.
 */
import type { Measure, Range, VectorKernels } from '@gradcast/vector';

/** Which part of a gradient vector is what. */
export interface GradientShape {
  /** Elements of the gradient; the tail follows. */
  readonly parameters: number;
  /** The generator's gradient is `[0, generator)`, the discriminator's `[generator, parameters)`. */
  readonly generator: number;
}

/** What a step's average measured, before any clip. */
export interface AverageNorms {
  readonly finite: boolean;
  /** Euclidean norm of the whole gradient. */
  readonly norm: number;
  readonly generatorNorm: number;
  readonly discriminatorNorm: number;
}

/**
 * Turns a sum into the mean (M is a power of two, so the division is exact) and measures it. The tail is scaled with it,
 * in place, but stays out of the norms.
 *
 * @param sum the gradient's sum, and where its mean goes, which may be the same.
 */
export function takeMean(
  sum: { readonly gradient: Float32Array; readonly into: Float32Array; readonly tail: Float32Array },
  options: { readonly leaves: number; readonly shape: GradientShape; readonly kernels: VectorKernels },
): AverageNorms {
  const { leaves, shape, kernels } = options;
  const { gradient, into, tail } = sum;
  const scaled = (range: Range) => kernels.scaleMeasured(into, gradient, 1 / leaves, range);
  return normsOf(
    scaled({ from: 0, to: shape.generator }),
    scaled({ from: shape.generator, to: shape.parameters }),
    kernels.scaleMeasured(tail, tail, 1 / leaves, { from: 0, to: tail.length }),
  );
}

/** Norms of gradient and tail in one vector; `finite` speaks of the tail too. */
export function measureGradient(vector: Float32Array, shape: GradientShape, kernels: VectorKernels): AverageNorms {
  return normsOf(
    kernels.measure(vector, 0, shape.generator),
    kernels.measure(vector, shape.generator, shape.parameters),
    kernels.measure(vector, shape.parameters, vector.length),
  );
}

/** Whether a gradient is finite and its norm no larger than `norm`. */
export function isWithin({ finite, norm: own }: AverageNorms, norm: number): boolean {
  return finite && own <= norm;
}

function normsOf(generator: Measure, discriminator: Measure, tail: Measure): AverageNorms {
  return {
    finite: generator.finite && discriminator.finite && tail.finite,
    norm: Math.sqrt(generator.sumOfSquares + discriminator.sumOfSquares),
    generatorNorm: Math.sqrt(generator.sumOfSquares),
    discriminatorNorm: Math.sqrt(discriminator.sumOfSquares),
  };
}
