/** The cases of the suite that concern single kernels: name, what to run, what plain loops say. */
import fc from 'fast-check';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Kernels } from '@gradcast/network';
import { array, expectClose, image, matrix, tensor, vector } from './arrays.ts';
import * as reference from './reference.ts';
import type { Convolution, Plain } from './reference.ts';

/** Relative to the largest value of a result; f32 has 1.2e-7. */
export const KERNEL_TOLERANCE = 2e-5;

/** Odd and even sizes, kernels larger than the image (`same`), strides that leave pixels over. */
export const convolutions: fc.Arbitrary<Convolution> = fc
  .record({
    images: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    channels: fc.integer({ min: 1, max: 5 }),
    filters: fc.integer({ min: 1, max: 9 }),
    kernelHeight: fc.integer({ min: 1, max: 5 }),
    kernelWidth: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
  })
  .filter(
    ({ padding, height, width, kernelHeight, kernelWidth }) =>
      padding === 'same' || (height >= kernelHeight && width >= kernelWidth),
  );

type Check = (kernels: Kernels, tolerance: number) => Promise<void>;

/** A check over many convolutions. */
export type ConvolutionCheck = (kernels: Kernels, c: Convolution, tolerance: number) => Promise<void>;

async function using<T extends readonly Tensor[]>(inputs: T, body: (...inputs: T) => Promise<void>): Promise<void> {
  await body(...inputs);
  for (const input of inputs) input.dispose();
}

export const convolutionChecks: Record<string, ConvolutionCheck> = {
  conv2d: async (kernels, c, tolerance) => {
    const x = array(reference.inputShape(c), 1);
    const filter = array(reference.filterShape(c), 2);
    await using([image(x), image(filter)] as const, (tx, tf) =>
      expectClose(kernels.conv2d(tx, tf, c), reference.conv2d(c, x, filter), tolerance),
    );
  },
  conv2dInputGradient: async (kernels, c, tolerance) => {
    const dy = array(reference.outputShape(c), 3);
    const filter = array(reference.filterShape(c), 4);
    await using([image(dy), image(filter)] as const, (tdy, tf) =>
      expectClose(
        kernels.conv2dInputGradient(tdy, tf, reference.inputShape(c), c),
        reference.conv2dInputGradient(c, dy, filter),
        tolerance,
      ),
    );
  },
  conv2dFilterGradient: async (kernels, c, tolerance) => {
    const x = array(reference.inputShape(c), 5);
    const dy = array(reference.outputShape(c), 6);
    await using([image(x), image(dy)] as const, (tx, tdy) =>
      expectClose(
        kernels.conv2dFilterGradient(tx, tdy, reference.filterShape(c), c),
        reference.conv2dFilterGradient(c, x, dy),
        tolerance,
      ),
    );
  },
};

/** Shapes of activations: rows of features and images, sizes that fill no block of four or eight. */
const activationShapes: readonly (readonly number[])[] = [
  [1, 1],
  [5, 7],
  [3, 5, 4, 3],
  [2, 3, 3, 16],
];

function elementwise(
  run: (kernels: Kernels, ...inputs: Tensor[]) => Tensor,
  expected: (...values: number[]) => number,
  inputs: number,
): Check {
  return async (kernels, tolerance) => {
    for (const shape of activationShapes) {
      const plain = Array.from({ length: inputs }, (_, i) => array(shape, 10 + i)) as [Plain, ...Plain[]];
      await using(
        plain.map((value) => tensor(value)),
        (...tensors) => expectClose(run(kernels, ...tensors), reference.map(expected, ...plain), tolerance),
      );
    }
  };
}

function matMulCheck(transposeA: boolean, transposeB: boolean): Check {
  return async (kernels, tolerance) => {
    for (const [rows, inner, columns] of [
      [1, 1, 1],
      [3, 5, 7],
      [17, 33, 1],
      [2, 70, 65],
    ] as const) {
      const a = array(transposeA ? [inner, rows] : [rows, inner], 20);
      const b = array(transposeB ? [columns, inner] : [inner, columns], 21);
      await using([matrix(a), matrix(b)] as const, (ta, tb) =>
        expectClose(
          kernels.matMul(ta, tb, transposeA, transposeB),
          reference.matMul(a, b, { a: transposeA, b: transposeB }),
          tolerance,
        ),
      );
    }
  };
}

const batchNormCheck: Check = async (kernels, tolerance) => {
  const epsilon = 1e-3;
  for (const shape of [
    [16, 5],
    [4, 3, 2, 7],
  ]) {
    const x = array(shape, 30);
    const [gamma, beta] = [array([shape.at(-1)!], 31), array([shape.at(-1)!], 32)];
    const expected = reference.batchNorm(x, gamma, beta, epsilon);
    await using([tensor(x), vector(gamma), vector(beta)] as const, async (tx, tgamma, tbeta) => {
      const { y, mean, variance, saved } = kernels.batchNorm(tx, tgamma, tbeta, epsilon);
      await expectClose(y, expected.y, tolerance);
      await expectClose(mean, expected.mean, tolerance);
      await expectClose(variance, expected.variance, tolerance);
      for (const kept of saved) kept.dispose();
    });
    const given = { mean: array([shape.at(-1)!], 33), variance: reference.map((v) => v * v + 0.1, gamma) };
    const normalized = reference.map(
      (value, center, spread, scale, shift) => ((value - center) / Math.sqrt(spread + epsilon)) * scale + shift,
      x,
      ...[given.mean, given.variance, gamma, beta].map((vector) => reference.spread(vector, x)),
    );
    await using(
      [tensor(x), vector(gamma), vector(beta), vector(given.mean), vector(given.variance)] as const,
      (tx, tgamma, tbeta, mean, variance) =>
        expectClose(
          kernels.normalize(tx, { gamma: tgamma, beta: tbeta, mean, variance }, epsilon),
          normalized,
          tolerance,
        ),
    );
  }
};

/** Gradients of sum(dy * batchNorm(x)) by central differences of the plain loops in doubles. */
function batchNormDifferences(dy: Plain, inputs: readonly [Plain, Plain, Plain], epsilon: number): Plain[] {
  const step = 1e-5;
  const objective = (): number =>
    reference.batchNorm(...inputs, epsilon).y.values.reduce((sum, value, i) => sum + value * dy.values[i], 0);
  return inputs.map(({ shape, values }) => ({
    shape,
    values: values.map((value, i) => {
      values[i] = value + step;
      const above = objective();
      values[i] = value - step;
      const below = objective();
      values[i] = value;
      return (above - below) / (2 * step);
    }),
  }));
}

const batchNormGradientCheck: Check = async (kernels, tolerance) => {
  const epsilon = 1e-3;
  for (const shape of [
    [16, 5],
    [4, 3, 2, 7],
  ]) {
    const inputs = [array(shape, 40), array([shape.at(-1)!], 41), array([shape.at(-1)!], 42)] as const;
    const dy = array(shape, 43);
    const [dx, gamma, beta] = batchNormDifferences(dy, inputs, epsilon);
    await using(
      [tensor(dy), tensor(inputs[0]), vector(inputs[1]), vector(inputs[2])] as const,
      async (tdy, tx, tgamma, tbeta) => {
        const forward = kernels.batchNorm(tx, tgamma, tbeta, epsilon);
        const gradient = kernels.batchNormGradient(tdy, tx, tgamma, forward.saved, epsilon);
        await expectClose(gradient.dx, dx, tolerance);
        await expectClose(gradient.gamma, gamma, tolerance);
        await expectClose(gradient.beta, beta, tolerance);
        for (const kept of [forward.y, forward.mean, forward.variance, ...forward.saved]) kept.dispose();
      },
    );
  }
};

const poolCheck: Check = async (kernels, tolerance) => {
  for (const [shape, size] of [
    [[1, 4, 4, 1], 2],
    [[2, 5, 7, 3], 2],
    [[1, 7, 6, 9], 3],
  ] as const) {
    const x = array(shape, 50);
    const y = reference.avgPool(x, size);
    const dy = array(y.shape, 51);
    await using([image(x), image(dy)] as const, async (tx, tdy) => {
      await expectClose(kernels.avgPool(tx, size), y, tolerance);
      await expectClose(kernels.avgPoolGradient(tdy, tx, size), reference.avgPoolGradient(dy, shape, size), tolerance);
    });
  }
};

const resizeCheck: Check = async (kernels, tolerance) => {
  for (const [shape, factor] of [
    [[1, 1, 1, 1], 2],
    [[2, 7, 7, 3], 2],
    [[1, 3, 5, 9], 3],
    [[3, 2, 4, 5], 4],
    [[1, 5, 3, 2], 8],
  ] as const) {
    const x = array(shape, 52);
    const y = reference.resize(x, factor);
    const dy = array(y.shape, 53);
    await using([image(x), image(dy)] as const, async (tx, tdy) => {
      // Copies: every bit is the same.
      await expectClose(kernels.resize(tx, factor), y, 0);
      await expectClose(kernels.resizeGradient(tdy, factor), reference.resizeGradient(dy, factor), tolerance);
    });
  }
};

const biasCheck: Check = async (kernels, tolerance) => {
  for (const shape of activationShapes) {
    const x = array(shape, 60);
    const bias = array([shape.at(-1)!], 61);
    const shifted = reference.map((value, offset) => value + offset, x, reference.spread(bias, x));
    await using([tensor(x), vector(bias)] as const, async (tx, tbias) => {
      await expectClose(kernels.biasAdd(tx, tbias), shifted, tolerance);
      await expectClose(kernels.biasGradient(tx), reference.channelSums(x), tolerance);
    });
  }
};

const SLOPE = 0.3;

/** Every kernel besides the convolutions. */
export const kernelChecks: Record<string, Check> = {
  'matMul a b': matMulCheck(false, false),
  'matMul aT b': matMulCheck(true, false),
  'matMul a bT': matMulCheck(false, true),
  'matMul aT bT': matMulCheck(true, true),
  'biasAdd and biasGradient': biasCheck,
  leakyRelu: elementwise(
    (k, x) => k.leakyRelu(x, SLOPE),
    (x) => (x > 0 ? x : SLOPE * x),
    1,
  ),
  leakyReluGradient: elementwise(
    (k, dy, y) => k.leakyReluGradient(dy, y, SLOPE),
    (dy, y) => (y > 0 ? dy : SLOPE * dy),
    2,
  ),
  relu: elementwise(
    (k, x) => k.relu(x),
    (x) => Math.max(0, x),
    1,
  ),
  reluGradient: elementwise(
    (k, dy, y) => k.reluGradient(dy, y),
    (dy, y) => (y > 0 ? dy : 0),
    2,
  ),
  tanh: elementwise(
    (k, x) => k.tanh(x),
    (x) => Math.tanh(x),
    1,
  ),
  tanhGradient: elementwise(
    (k, dy, y) => k.tanhGradient(dy, y),
    (dy, y) => dy * (1 - y * y),
    2,
  ),
  sigmoid: elementwise(
    (k, x) => k.sigmoid(x),
    (x) => 1 / (1 + Math.exp(-x)),
    1,
  ),
  sigmoidGradient: elementwise(
    (k, dy, y) => k.sigmoidGradient(dy, y),
    (dy, y) => dy * y * (1 - y),
    2,
  ),
  'avgPool and avgPoolGradient': poolCheck,
  'resize and resizeGradient': resizeCheck,
  'batchNorm and normalize': batchNormCheck,
  batchNormGradient: batchNormGradientCheck,
};
