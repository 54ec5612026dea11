import { ganTask, presets } from '@gradcast/gan';
import type { ConvolutionShapes } from '@gradcast/network';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { beforeAll, describe, expect, it } from 'vitest';
import { distance, gradientOf } from '@gradcast/engine/conformance';
import type { LoadedBackend } from '@gradcast/engine';
import { createEngine } from '@gradcast/engine';
import { loadTensorflow } from './load.ts';

describe('convolutions by Fourier coefficients', () => {
  let backend: LoadedBackend;
  beforeAll(async () => {
    backend = await loadTensorflow({ mode: 'eager' });
  });

  it.each([
    ['generator of tutorial, stride 1', [64, 7, 7, 128], [5, 5, 128, 256], 1, 'same', true],
    ['generator of tutorial, stride 2', [64, 14, 14, 64], [5, 5, 64, 128], 2, 'same', true],
    ['discriminator of tutorial', [128, 14, 14, 64], [5, 5, 64, 128], 2, 'same', true],
    ['the same with few images', [4, 14, 14, 64], [5, 5, 64, 128], 2, 'same', false],
    ['discriminator of classic', [16, 12, 12, 64], [5, 5, 64, 128], 1, 'valid', true],
    ['one channel', [128, 28, 28, 1], [5, 5, 1, 64], 2, 'same', false],
    ['a kernel of 4', [64, 14, 14, 64], [4, 4, 64, 128], 2, 'same', false],
    ['a kernel of 1', [64, 7, 7, 128], [1, 1, 128, 128], 1, 'same', false],
    ['pixels left over by the stride', [128, 15, 15, 64], [5, 5, 64, 128], 2, 'same', false],
  ] as const)('are chosen by shapes: %s', (_, input, filter, stride, padding, chosen) => {
    const shapes = { input: [...input], filter: [...filter], stride, padding } satisfies ConvolutionShapes;
    expect(backend.kernels.preparedConvolution?.(shapes) !== undefined).toBe(chosen);
  });

  it.each([
    ['tutorial', 64],
    ['classic', 16],
  ] as const)('give the gradients of direct convolutions for %s with %d images', async (preset, images) => {
    const model = ganTask(presets[preset]);
    const vectors: Float32Array[] = [];
    for (const kernels of [{ ...backend.kernels, preparedConvolution: undefined }, backend.kernels]) {
      const engine = createEngine(model, { ...backend, kernels });
      engine.load(formulaParameters(model));
      // Micro-batch 1: in 0 an activation lies so near its kink that any other rounding sends it to the other side.
      vectors.push(await gradientOf(engine, model, formulaMicroBatch(model, images, 1)));
      engine.dispose();
    }
    const [direct, fourier] = vectors;
    expect(fourier).not.toEqual(direct);
    for (const { name, offset, size } of model.parameters.entries) {
      const range = (vector: Float32Array) => vector.subarray(offset, offset + size);
      expect(distance(range(fourier), range(direct)), name).toBeLessThan(1e-5);
    }
  });
});
