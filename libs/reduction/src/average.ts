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
  sum: { readonly gradient: Float32Array; readonly tail: Float32Array },
  options: { readonly leaves: number; readonly shape: GradientShape; readonly kernels: VectorKernels },
): AverageNorms {
  const { leaves, shape, kernels } = options;
  const { gradient, tail } = sum;
  const scaled = (vector: Float32Array, from: number, to: number) =>
    kernels.scaleMeasured(vector, 1 / leaves, from, to);
  return normsOf(
    scaled(gradient, 0, shape.generator),
    scaled(gradient, shape.generator, shape.parameters),
    scaled(tail, 0, tail.length),
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

function normsOf(generator: Measure, discriminator: Measure, tail: Measure): AverageNorms {
  return {
    finite: generator.finite && discriminator.finite && tail.finite,
    norm: Math.sqrt(generator.sumOfSquares + discriminator.sumOfSquares),
    generatorNorm: Math.sqrt(generator.sumOfSquares),
    discriminatorNorm: Math.sqrt(discriminator.sumOfSquares),
  };
}
