/** What a task computes on a device: tensors in, tensors out. The engine brings flat vectors to it and back. */
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { Task } from '@gradcast/task';
import type { Compile } from './compile.ts';
import type { Kernels } from './kernels.ts';
import type { OutputChain } from './output-chain.ts';
import type { StepGraph } from './step-graph.ts';

/** The tensors are the caller's to dispose. */
export interface ProgramGradients {
  /** Gradient of each parameter by name, mean over the samples. */
  readonly gradients: NamedTensorMap;
  /** BatchNorm batch statistics by their names in the tail: `…/mean` and biased `…/variance`, `[C]`. */
  readonly statistics: NamedTensorMap;
  /** A value for each scalar of the task. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** Holds no tensors between calls. Parameters and fields come by name, fields as `[m, ...shape]`, and stay the caller's. */
export interface Program {
  gradients(parameters: NamedTensorMap, batch: NamedTensorMap): Promise<ProgramGradients>;
  /** BatchNorm statistics of the task's output over a batch of its inputs, by name; empty without BatchNorm. */
  statistics(parameters: NamedTensorMap, inputs: NamedTensorMap): NamedTensorMap;
  /**
   * The task's output, `[N, ...shape]`, each sample normalised by the given statistics and so independent of the others.
   *
   * @param statistics from {@link Program.statistics}.
   */
  infer(parameters: NamedTensorMap, inputs: NamedTensorMap, statistics: NamedTensorMap): Tensor;
  /** Frees what the parts of the step were compiled to. */
  dispose(): void;
}

/** What a program is made for. */
export interface ProgramDevice {
  readonly kernels: Kernels;
  /** Makes the fast form of a step's parts; without it they run as they are written. */
  readonly compile?: Compile;
}

/** A task with what computes it. */
export interface Trainable extends Task {
  createProgram(device: ProgramDevice): Program;
  /** What its output is made of, if that is one input that passes networks in turn. */
  outputChain(): OutputChain | undefined;
  /** Its step as data for micro-batches of this size, where it can be told so: what static plans are made from. */
  stepGraph?(samples: number): StepGraph;
}
