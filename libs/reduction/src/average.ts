/**
 * From a sum over M micro-batches to the average that is broadcast: mean, norms, clip.
 */
import type { Measure, VectorKernels } from '@gradcast/vector';

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
 * Turns a sum into the mean in place (M is a power of two, so the division is exact) and measures it. The tail is
 * scaled with it but stays out of the norms.
 */
export function takeMean(
  sum: Float32Array,
  options: { readonly leaves: number; readonly shape: GradientShape; readonly kernels: VectorKernels },
): AverageNorms {
  const { leaves, shape, kernels } = options;
  return normsOf(sum, shape, (from, to) => kernels.scaleMeasured(sum, 1 / leaves, from, to));
}

/** Norms of a gradient vector; `finite` speaks of the tail too. */
export function measureGradient(vector: Float32Array, shape: GradientShape, kernels: VectorKernels): AverageNorms {
  return normsOf(vector, shape, (from, to) => kernels.measure(vector, from, to));
}

/** Measures the parts of a vector, each of its elements once. */
function normsOf(
  vector: Float32Array,
  shape: GradientShape,
  measure: (from: number, to: number) => Measure,
): AverageNorms {
  const generator = measure(0, shape.generator);
  const discriminator = measure(shape.generator, shape.parameters);
  const tail = measure(shape.parameters, vector.length);
  return {
    finite: generator.finite && discriminator.finite && tail.finite,
    norm: Math.sqrt(generator.sumOfSquares + discriminator.sumOfSquares),
    generatorNorm: Math.sqrt(generator.sumOfSquares),
    discriminatorNorm: Math.sqrt(discriminator.sumOfSquares),
  };
}
