/** A task from its networks and a function that computes a step: what most tasks need, the built-in classifier among them. */
import { runDefinition } from '@gradcast/definition';
import type { Recipe } from '@gradcast/definition';
import type {
  AdamSpec,
  BatchField,
  OptimizerSpec,
  OutputValues,
  SgdSpec,
  TailScalar,
  TaskOutput,
  Trouble,
} from '@gradcast/task';
import { LARGEST_STATISTIC } from '@gradcast/task';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { BATCH_NORM_MINIMUM } from './layer-spec.ts';
import type { Initializer, LayerSpec } from './layer-spec.ts';
import { ModelError } from './model-error.ts';
import { Network } from './network.ts';
import type { NetworkOptions } from './network.ts';
import { traceChain } from './output-chain.ts';
import type { TraceOptions } from './output-chain.ts';
import { layOutNetworks } from './networks.ts';
import type { Trainable } from './program.ts';
import type { StepGraph } from './step-graph.ts';
import { StepProgram } from './step-program.ts';
import type { NetworkApply, NetworkPass } from './step-program.ts';

export interface NetworkDefinition {
  /** Shape of one sample's input. */
  readonly input: readonly number[];
  readonly layers: readonly LayerSpec[];
}

/** What a step computes with: tensors by the names of fields, and the task's networks. All that it makes is freed after it. */
export interface Step<N extends string = string> {
  /** `[m, ...shape]`, f32. */
  readonly fields: NamedTensorMap;
  readonly networks: Readonly<Record<N, NetworkPass>>;
}

export interface OutputDefinition<N extends string> {
  /** Fields that it is computed from. */
  readonly inputs: readonly BatchField[];
  readonly values: OutputValues;
  /** Gives `[n, ...shape]` of the values. */
  readonly infer: (run: {
    readonly inputs: NamedTensorMap;
    readonly networks: Readonly<Record<N, NetworkApply>>;
  }) => Tensor;
}

export interface ScalarDefinition<N extends string = string> {
  /** No micro-batch has a value outside of these; any number that is no overflow by default. */
  readonly low?: number;
  readonly high?: number;
  /** `progress` in every place, `log` not on the progress line; `progress` by default. */
  readonly shown?: TailScalar['shown'];
  /** The network whose loss it is; Prometheus has losses by network. */
  readonly lossOf?: N;
}

export interface TaskDefinition<N extends string, S extends string> {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** One sentence for `--help`. */
  readonly description?: string;
  readonly fields: readonly BatchField[];
  /** In the order of their parameters. */
  readonly networks: Readonly<Record<N, NetworkDefinition>>;
  /** Needed if a network has BatchNorm layers; `momentum` is the share of a running statistic that stays at a step. */
  readonly batchNorm?: { readonly epsilon: number; readonly momentum: number };
  /** `glorot_uniform` by default. */
  readonly initializer?: Initializer;
  /** Adam with beta1 0.9, beta2 0.999 and epsilon 1e-8 unless said otherwise. */
  readonly optimizer: OptimizerDefinition;
  /** Samples are drawn with a moving average of this network's parameters, with decay min(limit, (1 + t) / (10 + t)). */
  readonly average?: { readonly network: NoInfer<N>; readonly limit: number };
  /** Samples of a micro-batch. */
  readonly microBatch: number;
  /** Micro-batches of a step, a power of two; 4 by default. More workers than that find nothing to do. */
  readonly microBatches?: number;
  /** Steps of a run that names neither steps nor epochs. */
  readonly defaultSteps: number;
  /** The learning rate's schedule, clipping and the moving average's memory, where nobody says otherwise. */
  readonly recipe?: Recipe;
  /** Numbers of a micro-batch that are shown, as means over a step. */
  readonly scalars: Readonly<Record<S, ScalarDefinition<NoInfer<N>>>>;
  /** Runs the networks forward and backward on one micro-batch; what the losses' seeds mean is a mean over the samples. */
  readonly step: (step: Step<N>) => Promise<Readonly<Record<S, number>>>;
  readonly output?: OutputDefinition<N>;
  /** What can go wrong with its training, for who watches a run; none by default. */
  readonly troubles?: readonly Trouble[];
  /** What `step` computes as data, the task's networks left out: it must be the same. */
  readonly stepGraph?: (samples: number) => Omit<StepGraph, 'networks'>;
}

export type OptimizerDefinition =
  (Pick<AdamSpec, 'learningRate'> & Partial<AdamSpec>) | (Pick<SgdSpec, 'kind' | 'learningRate'> & Partial<SgdSpec>);

/** As run ids have them. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const NAME_LIMIT = 40;

/**
 * @throws ModelError `model-spec` if names, layers or sizes do not fit.
 */
export function defineTask<N extends string, S extends string>(definition: TaskDefinition<N, S>): Trainable {
  const { name, description = 'a task of your own', fields, batchNorm, optimizer, output, average } = definition;
  const { microBatch, microBatches = 4, defaultSteps, recipe, troubles, stepGraph } = definition;
  if (!NAME.test(name) || name.length > NAME_LIMIT) {
    throw new ModelError(
      'model-spec',
      `a task's name is lower-case letters, digits and hyphens, not ${JSON.stringify(name)}`,
    );
  }
  requireWhole(name, { microBatch, microBatches, defaultSteps });
  if (recipe) requireRecipe(name, recipe);
  if (!Number.isInteger(Math.log2(microBatches))) {
    throw new ModelError('model-spec', `task ${name}: microBatches is ${microBatches}, which is no power of two`);
  }
  const chains = Object.entries<NetworkDefinition>(definition.networks).map(
    ([own, { input, layers }]): NetworkOptions => {
      return { name: own, input, layers, batchNormEpsilon: batchNorm?.epsilon };
    },
  );
  const networks = chains.map((options) => new Network(options));
  const normalises = networks.some(({ hasBatchNorm }) => hasBatchNorm);
  const parts = layOutNetworks({
    networks: networks.map((network) => ({ network, suffix: network.name })),
    scalars: Object.entries<ScalarDefinition>(definition.scalars).map(([scalar, { low, high, shown, lossOf }]) => ({
      name: scalar,
      low: low ?? -LARGEST_STATISTIC,
      high: high ?? LARGEST_STATISTIC,
      shown: shown ?? 'progress',
      ...(lossOf === undefined ? {} : { lossOf }),
    })),
    initializer: definition.initializer ?? { kind: 'glorot_uniform' },
  });
  const averaged = average && parts.groups.find((group) => group.name === average.network);
  return {
    ...parts,
    name,
    description,
    fields,
    runningMomentum: batchNorm?.momentum ?? 1,
    average: averaged && { group: averaged, limit: average.limit },
    optimizer: optimizerSpec(name, optimizer),
    microBatch,
    microBatches,
    minimumMicroBatch: normalises ? BATCH_NORM_MINIMUM : 1,
    defaultSteps,
    ...(recipe && { recipe }),
    ...(troubles && { troubles }),
    ...(stepGraph && { stepGraph: (samples: number) => ({ ...stepGraph(samples), networks: chains }) }),
    output: output && ({ inputs: output.inputs, values: output.values } satisfies TaskOutput),
    outputChain: () => output && traceChain({ ...output, networks: chains } as TraceOptions),
    createProgram: (device) =>
      new StepProgram(device, {
        task: name,
        networks,
        scalars: parts.scalars,
        step: definition.step,
        infer: output?.infer,
      }),
  };
}

function optimizerSpec(task: string, definition: OptimizerDefinition): OptimizerSpec {
  const spec: OptimizerSpec =
    definition.kind === 'sgd'
      ? { momentum: 0.9, ...definition }
      : { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...definition };
  if (!(spec.learningRate > 0)) throw outside(task, "the optimizer's learningRate", spec.learningRate);
  // The bounds under which no step can overflow; see the optimizers' own files.
  if (spec.kind === 'sgd') {
    if (!(spec.momentum >= 0 && spec.momentum <= 0.999)) throw outside(task, "the optimizer's momentum", spec.momentum);
    return spec;
  }
  const { beta1, beta2, epsilon } = spec;
  if (!(beta1 >= 0 && beta1 <= 0.999)) throw outside(task, "the optimizer's beta1", beta1);
  if (!(beta2 >= beta1 * beta1 && beta2 <= 0.9999)) throw outside(task, "the optimizer's beta2", beta2);
  if (!(epsilon >= 2 ** -27)) throw outside(task, "the optimizer's epsilon", epsilon);
  return spec;
}

function outside(task: string, key: string, value: number | string): ModelError {
  return new ModelError('model-spec', `task ${task}: ${key} cannot be ${value}`);
}

function requireRecipe(task: string, recipe: Recipe): void {
  const { decayShare = 1, ...defaults } = recipe;
  if (!(decayShare > 0 && decayShare <= 1)) throw outside(task, 'decayShare', decayShare);
  // What is the default of an entry of the run definition has its bounds.
  for (const key of ['lrSchedule', 'warmUpImages', 'lrEndFactor', 'clipNorm', 'averageImages'] as const) {
    const { [key]: value } = defaults;
    if (value !== undefined && !runDefinition.shape[key].safeParse(value).success) throw outside(task, key, value);
  }
}

function requireWhole(task: string, numbers: Readonly<Record<string, number>>): void {
  for (const [key, value] of Object.entries(numbers)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new ModelError('model-spec', `task ${task}: ${key} is ${value}, which is no whole number above 0`);
  }
}
