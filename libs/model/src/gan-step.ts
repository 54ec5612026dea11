/**
 * One micro-batch's gradients of both networks, and the generator alone for samples.
 *
 * The discriminator treats samples independently, so one forward pass over [real; fake] and one backward pass of its own
 * loss also hold the generator's: at the fake images the two differ by one factor per sample (see `loss.ts`). A third of
 * the discriminator's work is saved against two separate passes. Which way is taken depends on the data only.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { asWritten } from './compile.ts';
import type { Compile, Compiled } from './compile.ts';
import type { Kernels } from './kernels.ts';
import type { Pass } from './layers/layer.ts';
import { ganLoss } from './loss.ts';
import type { GanLoss } from './loss.ts';
import { ModelError } from './model-error.ts';
import type { GanScalar, Model } from './model.ts';
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
  readonly scalars: Readonly<Record<GanScalar, number>>;
}

type Traces = { generator: Trace; discriminator: Trace };

type ForwardInput = { parameters: NamedTensorMap; images: Tensor4D; noise: Tensor2D };

/** What every backward pass starts from. */
type BackwardInput = {
  parameters: NamedTensorMap;
  traces: Traces;
  /** Gradient of the discriminator's loss by the logits of [real; fake]. */
  discriminatorSeed: Tensor;
};

/** Generator and discriminator of a model over one set of kernels. Holds no tensors between calls. */
export class Gan {
  readonly #kernels: Kernels;
  readonly #kind: Model['preset']['loss'];
  readonly #generator: Network;
  readonly #discriminator: Network;
  readonly #forward: Compiled<ForwardInput, Traces>;
  readonly #oneBackward: Compiled<BackwardInput & { ratio: Tensor }, NamedTensorMap>;
  readonly #twoBackwards: Compiled<BackwardInput & { generatorSeed: Tensor }, NamedTensorMap>;

  /** @param compile makes the fast form of a step's parts; without it they run as they are written. */
  constructor({ preset }: Model, kernels: Kernels, compile: Compile = asWritten) {
    this.#kernels = kernels;
    this.#kind = preset.loss;
    this.#generator = Network.generator(preset);
    this.#discriminator = Network.discriminator(preset);
    this.#forward = compile((input: ForwardInput) => this.#tracesOf(input));
    this.#oneBackward = compile(({ parameters, traces, discriminatorSeed, ratio }) => {
      const pass = { kernels, parameters };
      const wanted = { parameterGradients: true, inputFrom: ratio.shape[0] };
      const { dx, gradients } = this.#discriminator.backward(traces.discriminator, discriminatorSeed, pass, wanted);
      return { ...this.#generatorGradients(tf.mul(dx!, ratio), traces, pass), ...gradients };
    });
    this.#twoBackwards = compile(({ parameters, traces, discriminatorSeed, generatorSeed }) => {
      const pass = { kernels, parameters };
      const { discriminator } = traces;
      const { gradients } = this.#discriminator.backward(discriminator, discriminatorSeed, pass, {
        parameterGradients: true,
      });
      const { dx } = this.#discriminator.backward(discriminator, generatorSeed, pass, {
        parameterGradients: false,
        inputFrom: generatorSeed.shape[0] / 2,
      });
      return { ...this.#generatorGradients(dx!, traces, pass), ...gradients };
    });
  }

  /**
   * Gradients of both losses at the same parameters. Waits for the device once, to read the logits.
   *
   * @param parameters every tensor of `model.parameters` by name.
   * @throws ModelError `model-input` if images and noise are not of the same number of samples.
   */
  async gradients(parameters: NamedTensorMap, batch: GanBatch): Promise<GanGradients> {
    return this.#step(parameters, batch, (loss, input) => {
      if (loss.extreme) return this.#separately(loss, input);
      const ratio = tf.tensor(loss.ratio, [loss.ratio.length, 1, 1, 1]);
      return this.#oneBackward.run({ ...input, ratio });
    });
  }

  /** The same by two separate backward passes through the discriminator: the definition that `gradients` is tested by. */
  async twoPassGradients(parameters: NamedTensorMap, batch: GanBatch): Promise<GanGradients> {
    return this.#step(parameters, batch, (loss, input) => this.#separately(loss, input));
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

  /** Frees what the parts of the step were compiled to. */
  dispose(): void {
    for (const part of [this.#forward, this.#oneBackward, this.#twoBackwards]) part.dispose();
  }

  async #step(
    parameters: NamedTensorMap,
    { images, noise }: GanBatch,
    backward: (loss: GanLoss, input: BackwardInput) => NamedTensorMap,
  ): Promise<GanGradients> {
    const samples = noise.shape[0];
    if (images.shape[0] !== samples) {
      throw new ModelError('model-input', `a micro-batch has ${images.shape[0]} images but noise for ${samples}`);
    }
    const traces = this.#forward.run({ parameters, images, noise });
    const { statistics } = traces.generator;
    let done = false;
    try {
      const logits = traces.discriminator.output;
      const loss = ganLoss(this.#kind, await logits.data<'float32'>());
      const gradients = tf.tidy(() => {
        const discriminatorSeed = tf.tensor(loss.discriminatorSeed, logits.shape);
        return backward(loss, { parameters, traces, discriminatorSeed });
      });
      done = true;
      return { gradients, statistics, scalars: scalarsOf(loss, samples) };
    } finally {
      disposeTrace(traces.generator);
      disposeTrace(traces.discriminator);
      if (!done) tf.dispose(statistics);
    }
  }

  #tracesOf({ parameters, images, noise }: ForwardInput): Traces {
    const pass = { kernels: this.#kernels, parameters };
    const generator = this.#generator.forward(noise, pass);
    const both = tf.concat([images, generator.output as Tensor4D]);
    return { generator, discriminator: this.#discriminator.forward(both, pass) };
  }

  #separately(loss: GanLoss, input: BackwardInput): NamedTensorMap {
    const generatorSeed = tf.tensor(loss.generatorSeed, input.discriminatorSeed.shape);
    return this.#twoBackwards.run({ ...input, generatorSeed });
  }

  #generatorGradients(dFake: Tensor, { generator }: Traces, pass: Pass): NamedTensorMap {
    return this.#generator.backward(generator, dFake, pass, { parameterGradients: true }).gradients;
  }
}

function scalarsOf(loss: GanLoss, samples: number): GanGradients['scalars'] {
  return { loss_g: loss.lossG, loss_d: loss.lossD, d_x: loss.dX, d_g_z: loss.dGZ, samples };
}

/** Frees a trace except its statistics, which are results. */
function disposeTrace({ values, output, saved }: Trace): void {
  tf.dispose([values, output, saved]);
}
