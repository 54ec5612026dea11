/**
 * One micro-batch's gradients of both networks, and the generator alone for samples.
 *
 * The discriminator treats samples independently, so one forward pass over [real; fake] and one backward pass of its own
 * loss also hold the generator's: at the fake images the two differ by one factor per sample (see `loss.ts`). A third of
 * the discriminator's work is saved against two separate passes. Which way is taken depends on the data only.
 *
 * With a penalty the pass is over [real; disturbed real; disturbed fake; fake]: the fakes are last, as only their gradient goes on.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { asWritten, disposeTrace, ModelError } from '@gradcast/network';
import type {
  Compiled,
  Kernels,
  Network,
  Pass,
  Program,
  ProgramDevice,
  ProgramGradients,
  Trace,
} from '@gradcast/network';
import { ganNetworks } from './gan-networks.ts';
import { ganLoss } from './loss.ts';
import type { GanLoss } from './loss.ts';
import { disturbed, disturbedSamples } from './penalty.ts';
import type { Preset } from './presets.ts';
import type { ExtraScalar, GanScalar } from './scalars.ts';

/** A micro-batch on the device. */
export type GanBatch = {
  /** `[m, H, W, C]` in the preset's range. */
  images: Tensor4D;
  /** `[m, latent]`. */
  noise: Tensor2D;
  /** `[m]`, where the preset has classes: of the images, and of the fakes that are compared with them. */
  labels?: Tensor;
  /** `[m, share of an image]`, where the preset has a penalty: standard normal. */
  perturbation?: Tensor;
};

export interface GanGradients extends ProgramGradients {
  readonly scalars: Readonly<Record<GanScalar, number> & Partial<Record<ExtraScalar, number>>>;
}

type Traces = { generator: Trace; discriminator: Trace };

type ForwardInput = GanBatch & { parameters: NamedTensorMap };

/** What every backward pass starts from. */
type BackwardInput = {
  parameters: NamedTensorMap;
  traces: Traces;
  /** Gradient of the discriminator's loss by the logits. */
  discriminatorSeed: Tensor;
};

/** A backward pass gives the gradients by name, and under this name that of the generator's loss by the fake images. */
const AT_FAKES = 'at the fakes';

/** Generator and discriminator over one set of kernels. */
export class GanProgram implements Program {
  readonly #kernels: Kernels;
  readonly #preset: Preset;
  readonly #generator: Network;
  readonly #discriminator: Network;
  readonly #forward: Compiled<ForwardInput, Traces>;
  readonly #oneBackward: Compiled<BackwardInput & { ratio: Tensor }, NamedTensorMap>;
  readonly #twoBackwards: Compiled<BackwardInput & { generatorSeed: Tensor }, NamedTensorMap>;

  constructor(preset: Preset, { kernels, compile = asWritten }: ProgramDevice) {
    this.#kernels = kernels;
    this.#preset = preset;
    const { generator, discriminator } = ganNetworks(preset);
    this.#generator = generator;
    this.#discriminator = discriminator;
    this.#forward = compile((input: ForwardInput) => this.#tracesOf(input));
    this.#oneBackward = compile(({ parameters, traces, discriminatorSeed, ratio }) => {
      const pass = { kernels, parameters };
      const wanted = { parameterGradients: true, inputFrom: discriminatorSeed.shape[0] - ratio.shape[0] };
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
        inputFrom: generatorSeed.shape[0] - traces.generator.output.shape[0],
      });
      return { ...this.#generatorGradients(dx!, traces, pass), ...gradients };
    });
  }

  /**
   * Gradients of both losses at the same parameters. Waits for the device once, to read the logits.
   *
   * @param parameters every tensor of the task's by name.
   * @throws ModelError `model-input` if images and noise are not of the same number of samples.
   */
  async gradients(parameters: NamedTensorMap, batch: NamedTensorMap): Promise<GanGradients> {
    return this.#step(parameters, batch as GanBatch, (loss, input) => {
      if (loss.extreme) return this.#separately(loss, input);
      const ratio = tf.tensor(loss.ratio, [loss.ratio.length, 1, 1, 1]);
      return this.#oneBackward.run({ ...input, ratio });
    });
  }

  /** The same by two separate backward passes through the discriminator: the definition that `gradients` is tested by. */
  async twoPassGradients(parameters: NamedTensorMap, batch: GanBatch): Promise<GanGradients> {
    return this.#step(parameters, batch, (loss, input) => this.#separately(loss, input));
  }

  /** The generator's. */
  statistics(parameters: NamedTensorMap, { noise, labels }: NamedTensorMap): NamedTensorMap {
    return tf.tidy(() => this.#generator.forward(noise, this.#pass(parameters, labels)).statistics);
  }

  /** Images `[N, H, W, C]` in the preset's range. */
  infer(parameters: NamedTensorMap, { noise, labels }: NamedTensorMap, statistics: NamedTensorMap): Tensor {
    return this.#generator.apply(noise, { ...this.#pass(parameters, labels), statistics });
  }

  dispose(): void {
    for (const part of [this.#forward, this.#oneBackward, this.#twoBackwards]) part.dispose();
  }

  async #step(
    parameters: NamedTensorMap,
    batch: GanBatch,
    backward: (loss: GanLoss, input: BackwardInput) => NamedTensorMap,
  ): Promise<GanGradients> {
    const { images, noise } = batch;
    const { loss: kind, penalty } = this.#preset;
    const samples = noise.shape[0];
    if (images.shape[0] !== samples) {
      throw new ModelError('model-input', `a micro-batch has ${images.shape[0]} images but noise for ${samples}`);
    }
    const traces = this.#forward.run({ parameters, ...batch });
    const { statistics } = traces.generator;
    let done = false;
    try {
      const logits = traces.discriminator.output;
      const terms = penalty && { samples: disturbedSamples(penalty, samples), weight: penalty.weight };
      const loss = ganLoss(kind, await logits.data<'float32'>(), terms);
      const { [AT_FAKES]: atFakes, ...gradients } = tf.tidy(() => {
        const discriminatorSeed = tf.tensor(loss.discriminatorSeed, logits.shape);
        return backward(loss, { parameters, traces, discriminatorSeed });
      });
      done = true;
      const extra = { ...(penalty && { penalty: loss.penalty }), ...(await this.#measured(atFakes, samples)) };
      return { gradients, statistics, scalars: { ...scalarsOf(loss, samples), ...extra } };
    } finally {
      disposeTrace(traces.generator);
      disposeTrace(traces.discriminator);
      if (!done) tf.dispose(statistics);
    }
  }

  /** @param atFakes is freed. */
  async #measured(atFakes: Tensor | undefined, samples: number): Promise<Partial<Record<ExtraScalar, number>>> {
    if (!atFakes) return {};
    try {
      return { gradient_norm_fakes: sumOfNorms(await atFakes.data<'float32'>(), samples) };
    } finally {
      atFakes.dispose();
    }
  }

  #tracesOf({ parameters, images, noise, labels, perturbation }: ForwardInput): Traces {
    const generator = this.#generator.forward(noise, this.#pass(parameters, labels));
    const fakes = generator.output as Tensor4D;
    const { penalty } = this.#preset;
    const samples = penalty ? disturbedSamples(penalty, noise.shape[0]) : 0;
    const between = penalty ? disturbed([images, fakes], perturbation!, { penalty, samples }) : [];
    const few = labels && between.map(() => tf.slice(labels, [0], [samples]));
    const pass = this.#pass(parameters, labels && tf.concat([labels, ...few!, labels]));
    return { generator, discriminator: this.#discriminator.forward(tf.concat([images, ...between, fakes]), pass) };
  }

  #pass(parameters: NamedTensorMap, labels: Tensor | undefined): Pass {
    return { kernels: this.#kernels, parameters, ...(labels && { labels }) };
  }

  #separately(loss: GanLoss, input: BackwardInput): NamedTensorMap {
    const generatorSeed = tf.tensor(loss.generatorSeed, input.discriminatorSeed.shape);
    return this.#twoBackwards.run({ ...input, generatorSeed });
  }

  #generatorGradients(dFake: Tensor, { generator }: Traces, pass: Pass): NamedTensorMap {
    const { gradients } = this.#generator.backward(generator, dFake, pass, { parameterGradients: true });
    return this.#preset.measuresFakes ? { ...gradients, [AT_FAKES]: dFake } : gradients;
  }
}

/** Sum of each sample's Euclidean norm: of a mean's gradient, the mean norm of the samples' own. */
function sumOfNorms(values: Float32Array, samples: number): number {
  const size = values.length / samples;
  let sum = 0;
  for (let first = 0; first < values.length; first += size) {
    let squares = 0;
    for (let i = first; i < first + size; i++) squares += values[i] * values[i];
    sum += Math.sqrt(squares);
  }
  return sum;
}

function scalarsOf(loss: GanLoss, samples: number): Record<GanScalar, number> {
  return { loss_g: loss.lossG, loss_d: loss.lossD, d_x: loss.dX, d_g_z: loss.dGZ, samples };
}
