/**
 * The part of the conformance suite that sends every convolution that it can by Fourier coefficients, whatever a backend would
 * choose: the three products against plain loops, and whole gradients through an engine.
 */
import type { ConvolutionShapes, Kernels, PreparedConvolution } from '@gradcast/network';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LoadedBackend } from '../backend.ts';
import { fourierConvolutions } from '../convolutions/fourier.ts';
import { engineConformance, type EngineSuiteOptions } from './engine-suite.ts';
import { KERNEL_TOLERANCE, convolutionChecks, convolutions } from './kernel-cases.ts';

const FORBIDDEN = (): never => {
  throw new Error('a convolution went the direct way');
};

/** Goes by Fourier coefficients wherever that is possible. */
function everywhere({ kernels }: LoadedBackend): (shapes: ConvolutionShapes) => PreparedConvolution | undefined {
  return fourierConvolutions(
    {
      matMul: (a, b, ta, tb) => kernels.matMul(a, b, ta, tb),
      batchMatMul: (a, b, ta, tb) => tf.matMul(a, b, ta, tb),
    },
    0,
  );
}

/** The three kernels, each with its operands prepared for it alone. */
function apart(prepare: (shapes: ConvolutionShapes) => PreparedConvolution | undefined): Partial<Kernels> {
  const run = (shapes: ConvolutionShapes, body: (convolution: PreparedConvolution) => Tensor) =>
    tf.tidy(() => body(prepare(shapes) ?? FORBIDDEN())) as tf.Tensor4D;
  return {
    conv2d: (x, filter, window) =>
      run({ ...window, input: x.shape, filter: filter.shape }, (c) => c.forward(c.input(x), c.filter(filter))),
    conv2dInputGradient: (dy, filter, input, window) =>
      run({ ...window, input, filter: filter.shape }, (c) => c.inputGradient(c.output(dy), c.filter(filter))),
    conv2dFilterGradient: (x, dy, filter, window) =>
      run({ ...window, input: x.shape, filter }, (c) => c.filterGradient(c.input(x), c.output(dy))),
  };
}

/** Declares the tests for one backend. */
export function fourierConformance(
  name: string,
  load: () => Promise<LoadedBackend>,
  { runs, places }: Pick<EngineSuiteOptions, 'places'> & { readonly runs: number },
): void {
  describe(`${name}, every convolution by Fourier coefficients`, () => {
    let backend: LoadedBackend;
    beforeAll(async () => {
      backend = await load();
    });

    it.each(Object.entries(convolutionChecks))('%s equals plain loops on odd shapes', async (_, check) => {
      const kernels = { ...backend.kernels, ...apart(everywhere(backend)) };
      const whole = convolutions.filter(({ height, width, stride }) => height % stride === 0 && width % stride === 0);
      await fc.assert(
        fc.asyncProperty(whole, async (c) => {
          const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
          await check(kernels, c, KERNEL_TOLERANCE);
          expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
        }),
        { numRuns: runs, seed: 20_261 },
      );
    });
  });

  const loadEverywhere = async (): Promise<LoadedBackend> => {
    const backend = await load();
    return { ...backend, kernels: { ...backend.kernels, preparedConvolution: everywhere(backend) } };
  };
  // The conditional network has the convolutions of the first.
  const tiny = ['sigmoid', 'softmax', 'resized'] as const;
  engineConformance(`${name} by Fourier coefficients`, loadEverywhere, { places, tiny });
}
