/** The program of a task whose step is a function over its networks. */
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { TailScalar } from '@gradcast/task';
import { asWritten } from './compile.ts';
import type { Compiled } from './compile.ts';
import { ModelError } from './model-error.ts';
import type { Network, Trace } from './network.ts';
import type { Program, ProgramDevice, ProgramGradients } from './program.ts';

/** One network during a step. */
export interface NetworkPass {
  /** Runs the network on `[n, ...input]` and remembers what its gradients need. */
  forward(x: Tensor, told?: Told): Tensor;
  /**
   * Adds the gradients of the network's parameters.
   *
   * @param output what {@link NetworkPass.forward} gave.
   * @param seed gradient of the loss by the output, of its shape.
   * @returns the gradient by the network's input.
   */
  backward(output: Tensor, seed: Tensor, options: { readonly input: true; readonly parameters?: boolean }): Tensor;
  backward(output: Tensor, seed: Tensor): undefined;
}

/** What layers such as `classBatchNorm` are told besides their input. */
export interface Told {
  /** The class of each sample, `[n]`. */
  readonly labels?: Tensor;
}

/** One network of a trained model: its output for `[n, ...input]`, each sample by itself. */
export type NetworkApply = (x: Tensor, told?: Told) => Tensor;

type Infer = (run: {
  readonly inputs: NamedTensorMap;
  readonly networks: Readonly<Record<string, NetworkApply>>;
}) => Tensor;

export interface StepProgramOptions {
  /** The task's name, for messages. */
  readonly task: string;
  readonly networks: readonly Network[];
  readonly scalars: readonly TailScalar[];
  readonly step: (step: {
    readonly fields: NamedTensorMap;
    readonly networks: Readonly<Record<string, NetworkPass>>;
  }) => Promise<Readonly<Record<string, number>>>;
  readonly infer: Infer | undefined;
}

type ForwardInput = { x: Tensor; parameters: NamedTensorMap; labels?: Tensor };
type BackwardInput = { trace: Trace; seed: Tensor; parameters: NamedTensorMap };
type BackwardOutput = { dx?: Tensor; gradients: NamedTensorMap };

/** A network with the compiled forms of its passes. */
interface Parts {
  readonly network: Network;
  readonly forward: Compiled<ForwardInput, Trace>;
  readonly backward: Readonly<Record<'parameters' | 'input' | 'both', Compiled<BackwardInput, BackwardOutput>>>;
}

export class StepProgram implements Program {
  readonly #device: ProgramDevice;
  readonly #options: StepProgramOptions;
  readonly #parts: readonly Parts[];

  constructor(device: ProgramDevice, options: StepProgramOptions) {
    this.#device = device;
    this.#options = options;
    this.#parts = options.networks.map((network) => partsOf(network, device));
  }

  /** @throws ModelError `model-gradient` if the step left a parameter without a gradient or a scalar without a value. */
  async gradients(parameters: NamedTensorMap, batch: NamedTensorMap): Promise<ProgramGradients> {
    const engine = tf.engine();
    const passes = this.#parts.map((parts) => new Pass(parts, parameters));
    engine.startScope();
    let result: { gradients: NamedTensorMap; statistics: NamedTensorMap } | undefined;
    try {
      const scalars = await this.#options.step({ fields: batch, networks: byName(passes) });
      const gradients = merged(passes.map((pass) => pass.gradients));
      const statistics = merged(passes.map((pass) => pass.statistics));
      this.#requireAll(gradients, scalars);
      result = { gradients, statistics };
      return { gradients, statistics, scalars };
    } finally {
      engine.endScope(result);
    }
  }

  statistics(parameters: NamedTensorMap, inputs: NamedTensorMap): NamedTensorMap {
    const pass = { kernels: this.#device.kernels, parameters };
    return tf.tidy(() => {
      const seen: NamedTensorMap = {};
      this.#infer(inputs, ({ network }) => (x, told) => {
        const { output, statistics } = network.forward(x, { ...pass, ...told });
        for (const [name, tensor] of Object.entries(statistics)) seen[name] ??= tensor;
        return output;
      });
      return seen;
    });
  }

  infer(parameters: NamedTensorMap, inputs: NamedTensorMap, statistics: NamedTensorMap): Tensor {
    const pass = { kernels: this.#device.kernels, parameters, statistics };
    return tf.tidy(() =>
      this.#infer(
        inputs,
        ({ network }) =>
          (x, told) =>
            network.apply(x, { ...pass, ...told }),
      ),
    );
  }

  dispose(): void {
    for (const { forward, backward } of this.#parts) {
      for (const part of [forward, ...Object.values(backward)]) part.dispose();
    }
  }

  #infer(inputs: NamedTensorMap, applyOf: (parts: Parts) => NetworkApply): Tensor {
    const { infer, task } = this.#options;
    if (!infer) throw new ModelError('model-spec', `task ${task} has no output`);
    const networks = Object.fromEntries(this.#parts.map((parts) => [parts.network.name, applyOf(parts)]));
    return infer({ inputs, networks });
  }

  #requireAll(gradients: NamedTensorMap, scalars: Readonly<Record<string, number>>): void {
    const { networks, task } = this.#options;
    const without = networks.flatMap(({ parameters }) => parameters).find(({ name }) => !(name in gradients));
    if (without)
      throw new ModelError('model-gradient', `the step of task ${task} gave no gradient for ${without.name}`);
    const silent = this.#options.scalars.find(({ name }) => typeof scalars[name] !== 'number');
    if (silent) throw new ModelError('model-gradient', `the step of task ${task} gave no number for ${silent.name}`);
  }
}

class Pass implements NetworkPass {
  readonly gradients: NamedTensorMap = {};
  /** Of the first forward pass. */
  readonly statistics: NamedTensorMap = {};
  readonly #parts: Parts;
  readonly #parameters: NamedTensorMap;
  readonly #traces = new Map<Tensor, Trace>();

  constructor(parts: Parts, parameters: NamedTensorMap) {
    this.#parts = parts;
    this.#parameters = parameters;
  }

  get name(): string {
    return this.#parts.network.name;
  }

  forward(x: Tensor, told: Told = {}): Tensor {
    const trace = this.#parts.forward.run({ x, parameters: this.#parameters, ...told });
    for (const [name, tensor] of Object.entries(trace.statistics)) this.statistics[name] ??= tensor;
    this.#traces.set(trace.output, trace);
    return trace.output;
  }

  backward(output: Tensor, seed: Tensor, options: { readonly input: true; readonly parameters?: boolean }): Tensor;
  backward(output: Tensor, seed: Tensor): undefined;
  backward(
    output: Tensor,
    seed: Tensor,
    { input = false, parameters = true }: { readonly input?: boolean; readonly parameters?: boolean } = {},
  ): Tensor | undefined {
    const trace = this.#traces.get(output);
    if (!trace) throw new ModelError('model-gradient', `${this.name}.backward needs what its forward gave`);
    const part = this.#parts.backward[input ? (parameters ? 'both' : 'input') : 'parameters'];
    const { dx, gradients } = part.run({ trace, seed, parameters: this.#parameters });
    for (const [name, gradient] of Object.entries(gradients)) {
      // Passes are added in the order in which the step takes them: the same everywhere.
      this.gradients[name] = name in this.gradients ? tf.add(this.gradients[name], gradient) : gradient;
    }
    return dx;
  }
}

function partsOf(network: Network, { kernels, compile = asWritten }: ProgramDevice): Parts {
  const backward = (parameterGradients: boolean, inputFrom?: number) =>
    compile(({ trace, seed, parameters }: BackwardInput): BackwardOutput =>
      network.backward(trace, seed, { kernels, parameters }, { parameterGradients, inputFrom }),
    );
  return {
    network,
    forward: compile(({ x, ...rest }: ForwardInput) => network.forward(x, { kernels, ...rest })),
    backward: { parameters: backward(true), input: backward(false, 0), both: backward(true, 0) },
  };
}

function merged(maps: readonly NamedTensorMap[]): NamedTensorMap {
  return Object.fromEntries(maps.flatMap((map) => Object.entries(map)));
}

function byName(passes: readonly Pass[]): Readonly<Record<string, NetworkPass>> {
  return Object.fromEntries(passes.map((pass) => [pass.name, pass]));
}
