/**
 * A process with one backend and one set of training kernels: the backend's own, or those that tfjs comes with. It
 * records which kernels a step calls, and times single ones on operands of the same shapes.
 */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs-core';
import { serveParent } from '../forked.mjs';

const SEED = 1;

/** What the products of a convolution are called, and which of its operands they take. */
const PRODUCTS = {
  forward: { kernel: 'conv2d', takes: ['input', 'filter'] },
  inputGradient: { kernel: 'conv2dInputGradient', takes: ['output', 'filter'] },
  filterGradient: { kernel: 'conv2dFilterGradient', takes: ['input', 'output'] },
};
/** Bringing an operand into the form that the products take. */
const OPERANDS = 'convolution operands';

let library;
let kernels;
/** Shapes of a convolution's operands before they were prepared; a form lives from the forward to the backward pass. */
const originals = new WeakMap();

serveParent({
  load: async ({ library: url, backend, set }) => {
    library = await import(url);
    kernels = set === 'own' ? (await library.loadBackend(backend)).kernels : await stockKernels(backend);
    return { type: 'loaded' };
  },
  record: async ({ preset }) => ({ type: 'recorded', cases: await record(library.presets[preset]) }),
  time: ({ kernel, convolution, operands, leastMs }) => {
    const call = convolution ? convolutionCall(convolution, operands) : kernelCall(kernel, operands);
    return { type: 'timed', ...time(call, leastMs) };
  },
});

/** What tfjs comes with: its backend as published, and everything else composed from its operations. */
async function stockKernels(backend) {
  if (backend === 'wasm') {
    // Not by our own loader, which puts faster kernels in place of some.
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    const found = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
    setWasmPaths(join(dirname(found), 'dist') + sep);
    await tf.setBackend('wasm');
  } else {
    await library.loadBackend(backend);
  }
  return library.genericKernels;
}

/** The distinct kernel calls of one GAN step, each with the shapes of its operands and how often it occurs. */
async function record(preset) {
  const { buildModel, Gan, initialParameters, probeBatch } = library;
  const cases = new Map();
  const add = (found) => {
    const key = JSON.stringify(found);
    cases.set(key, { ...found, calls: (cases.get(key)?.calls ?? 0) + 1 });
  };
  const recording = new Proxy(kernels, {
    get: (own, kernel) => {
      if (kernel === 'preparedConvolution') return (shapes) => recordingConvolution(shapes, add);
      return (...operands) => {
        add({ kernel, operands: operands.map(describe) });
        return own[kernel](...operands);
      };
    },
  });
  const model = buildModel(preset);
  const values = initialParameters(model, SEED);
  const parameters = Object.fromEntries(
    model.parameters.entries.map(({ name, shape, offset, size }) => [
      name,
      tf.tensor(values.slice(offset, offset + size), [...shape]),
    ]),
  );
  const { size, images, noise } = probeBatch(preset, SEED);
  await new Gan(model, recording).gradients(parameters, {
    images: tf.tensor4d(
      Float32Array.from(images, (byte) => byte / 127.5 - 1),
      [size, ...preset.image],
    ),
    noise: tf.tensor2d(noise.slice(), [size, preset.latent]),
  });
  return [...cases.values()];
}

/** The convolution of our own kernels, which tells of each call; an operand is known by the shape it had before. */
function recordingConvolution(shapes, add) {
  const own = library.convolutionOf(kernels, shapes);
  const prepared = (method) => (operand) => {
    add({ kernel: OPERANDS, convolution: { shapes, method }, operands: [{ shape: operand.shape }] });
    const form = own[method](operand);
    originals.set(form.dataId, operand.shape);
    return form;
  };
  const product = (method) => (a, b) => {
    const operands = [a, b].map(({ dataId }) => ({ shape: originals.get(dataId) }));
    add({ kernel: PRODUCTS[method].kernel, convolution: { shapes, method }, operands });
    return own[method](a, b);
  };
  return {
    ...Object.fromEntries(['input', 'filter', 'output'].map((method) => [method, prepared(method)])),
    ...Object.fromEntries(Object.keys(PRODUCTS).map((method) => [method, product(method)])),
  };
}

function describe(operand) {
  if (operand instanceof tf.Tensor) return { shape: operand.shape };
  if (Array.isArray(operand) && operand.some((each) => each instanceof tf.Tensor)) return { saved: true };
  return { value: operand };
}

/** @returns what to time, and the tensors that it needs. */
function kernelCall(kernel, described) {
  const operands = described.map((operand) => ('shape' in operand ? filled(operand.shape) : operand.value));
  const savedAt = described.findIndex(({ saved }) => saved);
  if (savedAt >= 0) {
    // What a BatchNorm keeps for its gradient is the set's own business.
    const [, x, gamma] = operands;
    operands[savedAt] = kernels.batchNorm(x, gamma, tf.zerosLike(gamma), operands.at(-1)).saved;
  }
  return { call: () => tf.dispose(kernels[kernel](...operands)), operands };
}

function convolutionCall({ shapes, method }, described) {
  const convolution = library.convolutionOf(kernels, shapes);
  const { takes } = PRODUCTS[method] ?? {};
  const operands = described.map(({ shape }, place) => {
    const operand = filled(shape);
    return takes ? convolution[takes[place]](operand) : operand;
  });
  return { call: () => tf.dispose(convolution[method](...operands)), operands };
}

/** Milliseconds of one call, from as many as fill the time; or why the set cannot do it. */
function time({ call, operands }, leastMs) {
  try {
    call();
  } catch (error) {
    return { lacks: error.message };
  }
  // The first turns are the compiler's.
  repeat(call, leastMs);
  const ms = repeat(call, leastMs);
  tf.dispose(operands);
  return { ms };
}

/** Milliseconds of one call. */
function repeat(call, leastMs) {
  const begin = performance.now();
  let calls = 0;
  do {
    call();
    calls += 1;
  } while (performance.now() - begin < leastMs);
  return (performance.now() - begin) / calls;
}

/** Numbers between -0.5 and 0.5, the same on every machine. */
function filled(shape) {
  const values = Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    (_, index) => (Math.imul(index + 1, 0x9e3779b1) >>> 8) / 2 ** 24 - 0.5,
  );
  return tf.tensor(values, shape);
}
