/**
 * One micro-batch's gradients of both networks, and the generator alone for samples.
 *
 * The discriminator treats samples independently, so one forward pass over [real; fake] and one backward pass of its own
 * loss also hold the generator's: at the fake images the two differ by one factor per sample (see `loss.ts`). A third of
 * the discriminator's work is saved against two separate passes. Which way is taken depends on the data only.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Kernels } from './kernels.ts';
import type { Pass } from './layers/layer.ts';
import { ganLoss } from './loss.ts';
import type { GanLoss } from './loss.ts';
import { ModelError } from './model-error.ts';
import type { Model, TAIL_SCALARS } from './model.ts';
import { Network } from './network.ts';
import type { Trace } from './network.ts';

/** A micro-batch on the device. */
export interface GanBatch {
  /** `[m, H, W, C]` in the preset's range. */
  readonly images: Tensor4D;
  /** `[m, latent]`. */
  readonly noise: Tensor2D;
}

/** The tensors are the caller's to dispose. */
export interface GanGradients {
  /** Gradient of each parameter by name, mean over the samples. */
  readonly gradients: NamedTensorMap;
  /** BatchNorm batch statistics by their names in the tail: `…/mean` and biased `…/variance`, `[C]`. */
  readonly statistics: NamedTensorMap;
  readonly scalars: Readonly<Record<(typeof TAIL_SCALARS)[number], number>>;
}

type Traces = { generator: Trace; discriminator: Trace };

/** Generator and discriminator of a model over one set of kernels. Holds no tensors. */
export class Gan {
  readonly #kernels: Kernels;
  readonly #kind: Model['preset']['loss'];
  readonly #generator: Network;
  readonly #discriminator: Network;

  constructor(model: Model, kernels: Kernels) {
    this.#kernels = kernels;
    this.#kind = model.preset.loss;
    this.#generator = Network.generator(model.preset);
    this.#discriminator = Network.discriminator(model.preset);
  }

  /**
   * Gradients of both losses at the same parameters. Waits for the device once, to read the logits.
   *
   * @param parameters every tensor of `model.parameters` by name.
   * @throws ModelError `model-input` if images and noise are not of the same number of samples.
   */
  async gradients(parameters: NamedTensorMap, batch: GanBatch): Promise<GanGradients> {
    return this.#step(parameters, batch, (loss, traces, pass) => {
      const seed = tf.tensor(loss.discriminatorSeed, logitsOf(traces).shape);
      const wanted = { parameterGradients: true, inputFrom: loss.ratio.length };
      const discriminator = this.#discriminator.backward(traces.discriminator, seed, pass, wanted);
      const dFake = loss.extreme
        ? this.#generatorInput(loss, traces, pass)
        : tf.mul(discriminator.dx!, tf.tensor(loss.ratio, perSample(discriminator.dx!)));
      return { ...this.#generatorGradients(dFake, traces, pass), ...discriminator.gradients };
    });
  }

  /** The same by two separate backward passes through the discriminator: the definition that `gradients` is tested by. */
  async twoPassGradients(parameters: NamedTensorMap, batch: GanBatch): Promise<GanGradients> {
    return this.#step(parameters, batch, (loss, traces, pass) => {
      const seed = tf.tensor(loss.discriminatorSeed, logitsOf(traces).shape);
      const discriminator = this.#discriminator.backward(traces.discriminator, seed, pass, {
        parameterGradients: true,
      });
      const dFake = this.#generatorInput(loss, traces, pass);
      return { ...this.#generatorGradients(dFake, traces, pass), ...discriminator.gradients };
    });
  }

  /**
   * The generator's BatchNorm statistics over one batch, by name; empty without BatchNorm.
   *
   * @param noise `[R, latent]`.
   */
  statistics(parameters: NamedTensorMap, noise: Tensor2D): NamedTensorMap {
    return tf.tidy(() => this.#generator.forward(noise, { kernels: this.#kernels, parameters }).statistics);
  }

  /**
   * Images `[N, H, W, C]` in the preset's range, each sample normalised by the given statistics and so independent of the
   * others.
   *
   * @param noise `[N, latent]`.
   * @param statistics from {@link Gan.statistics}.
   */
  generate(parameters: NamedTensorMap, noise: Tensor2D, statistics: NamedTensorMap): Tensor4D {
    return this.#generator.apply(noise, { kernels: this.#kernels, parameters, statistics }) as Tensor4D;
  }

  async #step(
    parameters: NamedTensorMap,
    { images, noise }: GanBatch,
    backward: (loss: GanLoss, traces: Traces, pass: Pass) => NamedTensorMap,
  ): Promise<GanGradients> {
    const samples = noise.shape[0];
    if (images.shape[0] !== samples) {
      throw new ModelError('model-input', `a micro-batch has ${images.shape[0]} images but noise for ${samples}`);
    }
    const pass: Pass = { kernels: this.#kernels, parameters };
    const traces = tf.tidy<Traces>(() => {
      const generator = this.#generator.forward(noise, pass);
      const both = tf.concat([images, generator.output as Tensor4D]);
      return { generator, discriminator: this.#discriminator.forward(both, pass) };
    });
    const { statistics } = traces.generator;
    let done = false;
    try {
      const loss = ganLoss(this.#kind, await logitsOf(traces).data<'float32'>());
      const gradients = tf.tidy<NamedTensorMap>(() => backward(loss, traces, pass));
      done = true;
      return { gradients, statistics, scalars: scalarsOf(loss, samples) };
    } finally {
      disposeTrace(traces.generator);
      disposeTrace(traces.discriminator);
      if (!done) tf.dispose(statistics);
    }
  }

  /** Gradient of the generator's loss by the fake images, by a backward pass of its own. */
  #generatorInput(loss: GanLoss, traces: Traces, pass: Pass): Tensor {
    const seed = tf.tensor(loss.generatorSeed, logitsOf(traces).shape);
    const wanted = { parameterGradients: false, inputFrom: loss.ratio.length };
    return this.#discriminator.backward(traces.discriminator, seed, pass, wanted).dx!;
  }

  #generatorGradients(dFake: Tensor, traces: Traces, pass: Pass): NamedTensorMap {
    return this.#generator.backward(traces.generator, dFake, pass, { parameterGradients: true }).gradients;
  }
}

function logitsOf({ discriminator }: Traces): Tensor {
  return discriminator.output;
}

/** `[m, 1, 1, 1]` for images. */
function perSample(tensor: Tensor): number[] {
  return tensor.shape.map((size, axis) => (axis === 0 ? size : 1));
}

function scalarsOf(loss: GanLoss, samples: number): GanGradients['scalars'] {
  return { loss_g: loss.lossG, loss_d: loss.lossD, d_x: loss.dX, d_g_z: loss.dGZ, samples };
}

/** Frees a trace except its statistics, which are results. */
function disposeTrace({ values, output, saved }: Trace): void {
  tf.dispose([values, output, saved]);
}
