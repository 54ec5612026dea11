/** Which kernels one GAN step calls, with what operands and how often. */
import { GanProgram, ganTask } from '@gradcast/gan';
import type { Preset } from '@gradcast/gan';
import { convolutionOf } from '@gradcast/network';
import type { ConvolutionShapes, Kernels, PreparedConvolution } from '@gradcast/network';
import { probeBatch } from '@gradcast/task';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Call, Form, Operand, Product, RecordedCase } from './messages.ts';

const SEED = 1;

/** What the products of a convolution are called. */
const PRODUCT_NAMES: Readonly<Record<Product, string>> = {
  forward: 'conv2d',
  inputGradient: 'conv2dInputGradient',
  filterGradient: 'conv2dFilterGradient',
};
/** Bringing an operand into the form that the products take. */
const OPERANDS = 'convolution operands';

type Method = (...operands: readonly unknown[]) => unknown;

/** The distinct kernel calls of one GAN step. */
export async function record(kernels: Kernels, preset: Preset): Promise<readonly RecordedCase[]> {
  const recorder = new Recorder(kernels);
  const model = ganTask(preset);
  const values = model.initialParameters(SEED);
  const parameters = Object.fromEntries(
    model.parameters.entries.map(({ name, shape, offset, size }) => [
      name,
      tf.tensor(values.slice(offset, offset + size), [...shape]),
    ]),
  );
  const { size, fields } = probeBatch(model, SEED);
  const [height, width, channels] = preset.image;
  await new GanProgram(preset, { kernels: recorder.kernels }).gradients(parameters, {
    images: tf.tensor4d(
      Float32Array.from(fields.images, (byte) => byte / 127.5 - 1),
      [size, height, width, channels],
    ),
    noise: tf.tensor2d(Float32Array.from(fields.noise), [size, preset.latent]),
  });
  return recorder.cases;
}

class Recorder {
  /** The kernels, each of which tells of its calls. */
  readonly kernels: Kernels;
  readonly #own: Kernels;
  readonly #cases = new Map<string, RecordedCase>();
  /** Shapes of a convolution's operands before they were prepared; a form lives from the forward to the backward pass. */
  readonly #originals = new WeakMap<object, readonly number[]>();

  constructor(own: Kernels) {
    this.#own = own;
    const methods = own as unknown as Readonly<Record<string, Method>>;
    this.kernels = new Proxy(own, {
      get: (_, name: string) => {
        if (name === 'preparedConvolution') return (shapes: ConvolutionShapes) => this.#convolution(shapes);
        return (...operands: readonly unknown[]) => {
          this.#add({ kernel: name, operands: operands.map(describe) });
          return methods[name](...operands);
        };
      },
    });
  }

  get cases(): readonly RecordedCase[] {
    return [...this.#cases.values()];
  }

  #add(call: Call): void {
    const key = JSON.stringify(call);
    this.#cases.set(key, { ...call, calls: (this.#cases.get(key)?.calls ?? 0) + 1 });
  }

  /** The convolution of our own kernels, which tells of each call; an operand is known by the shape it had before. */
  #convolution(shapes: ConvolutionShapes): PreparedConvolution {
    const own = convolutionOf(this.#own, shapes);
    const prepared = (method: Form, form: Tensor, operand: Tensor) => {
      this.#add({ kernel: OPERANDS, convolution: { shapes, method }, operands: [{ shape: operand.shape }] });
      this.#originals.set(form.dataId, operand.shape);
      return form;
    };
    const product = (method: Product, forms: readonly Tensor[]) => {
      const operands = forms.map(({ dataId }) => ({ shape: this.#originals.get(dataId)! }));
      this.#add({ kernel: PRODUCT_NAMES[method], convolution: { shapes, method }, operands });
    };
    return {
      input: (x) => prepared('input', own.input(x), x),
      filter: (filter) => prepared('filter', own.filter(filter), filter),
      output: (dy) => prepared('output', own.output(dy), dy),
      forward: (input, filter) => {
        product('forward', [input, filter]);
        return own.forward(input, filter);
      },
      inputGradient: (output, filter) => {
        product('inputGradient', [output, filter]);
        return own.inputGradient(output, filter);
      },
      filterGradient: (input, output) => {
        product('filterGradient', [input, output]);
        return own.filterGradient(input, output);
      },
    };
  }
}

function describe(operand: unknown): Operand {
  if (isTensor(operand)) return { shape: operand.shape };
  return Array.isArray(operand) && operand.some(isTensor) ? { saved: true } : { value: operand };
}

function isTensor(operand: unknown): operand is Tensor {
  return operand instanceof tf.Tensor;
}
