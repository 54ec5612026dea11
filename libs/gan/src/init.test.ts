import { tensorView } from '@gradcast/tensors';
import { describe, expect, it } from 'vitest';
import { ganTask } from './gan-task.ts';
import { presetNames, presets } from './presets.ts';

async function sha256(vector: Float32Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', vector);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function deviation(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
}

describe('initialParameters', () => {
  it('keeps its bits: SHA-256 of the little-endian vector for seed 1', async () => {
    const hashes: Record<string, string> = {};
    for (const name of presetNames) {
      hashes[name] = await sha256(ganTask(presets[name]).initialParameters(1).slice());
    }
    expect(hashes).toMatchInlineSnapshot(`
      {
        "classic": "be578b4617367e79b5cc8fcbd8354c20cc3e3c2cd8895a4f46c6aa3386c6971a",
        "conditional": "7cdb0da8a4af80434d921b5b9e0ce17ae7cd4a5c78cc7835c559e4edb04507f5",
        "dcgan": "3b0f4d5757beb98c1383edd97a782c23024b61ea2e3fd84e8f93c0e173cb8b86",
        "mnist": "02f20d1eb72ea862bf048360d0d964221d48b627372abaa646e5648a665f547f",
        "tutorial": "4e10193ad3f45bebb7f69de0bb0bd23d7dbc2b5a6d23f57ff9a3ede77ec10d29",
      }
    `);
  });

  it('draws Glorot kernels evenly within their limit', () => {
    const model = ganTask(presets.tutorial);
    const vector = model.initialParameters(7);
    const limits = {
      'generator/dense/kernel': Math.sqrt(6 / (100 + 12_544)),
      'generator/conv_transpose/kernel': Math.sqrt(6 / (25 * (128 + 256))),
      'discriminator/conv_1/kernel': Math.sqrt(6 / (25 * (64 + 128))),
    };
    for (const [name, limit] of Object.entries(limits)) {
      const kernel = tensorView(model.parameters, vector, name);
      expect(Math.max(...kernel.subarray(0, 50_000).map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
      expect(deviation(kernel) / (limit / Math.sqrt(3))).toBeCloseTo(1, 2);
    }
  });

  it('draws normal kernels of `dcgan` with deviation 0.02', () => {
    const model = ganTask(presets.dcgan);
    const vector = model.initialParameters(7);
    for (const { name } of model.parameters.entries.filter((entry) => entry.size > 10_000)) {
      expect(deviation(tensorView(model.parameters, vector, name)) / 0.02).toBeCloseTo(1, 1);
    }
  });

  it.each(presetNames)('starts biases and beta of %s at 0, gamma at 1, padding at 0', (name) => {
    const model = ganTask(presets[name]);
    const vector = model.initialParameters(3);
    let end = 0;
    for (const { name: tensor, offset, size } of model.parameters.entries) {
      expect(vector.subarray(end, offset).every((x) => x === 0)).toBe(true);
      end = offset + size;
      const view = vector.subarray(offset, end);
      if (/\/(bias|beta)$/.test(tensor)) expect(view.every((x) => x === 0)).toBe(true);
      if (tensor.endsWith('/gamma')) expect(view.every((x) => x === 1)).toBe(true);
      if (/\/(kernel|embedding)$/.test(tensor))
        expect(new Set(view.subarray(0, 100)).size).toBeGreaterThan(size === 1 ? 0 : 3);
    }
  });

  it('gives every kernel its own numbers and every seed another vector', () => {
    const model = ganTask(presets.classic);
    const [first, second] = [model.initialParameters(1), model.initialParameters(2)];
    expect(first).not.toEqual(second);
    const kernels = model.parameters.entries.filter(({ name }) => name.endsWith('/kernel'));
    const signs = kernels.map(({ offset }) => [...first.subarray(offset, offset + 48)].map(Math.sign).join());
    expect(new Set(signs).size).toBe(kernels.length);
  });

  it('starts running means at 0 and variances at 1', () => {
    const model = ganTask(presets.dcgan);
    const vector = model.initialRunning();
    expect(tensorView(model.running, vector, 'generator/batch_norm/mean').every((x) => x === 0)).toBe(true);
    expect(tensorView(model.running, vector, 'generator/batch_norm_1/variance').every((x) => x === 1)).toBe(true);
    expect(vector.reduce((sum, x) => sum + x, 0)).toBe(128 + 64);
  });
});
