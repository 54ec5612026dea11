/**
 * A step as one function of TensorFlow's eager context: recorded once, then called by its name. What it is given and what it
 * gives stay on the device.
 */
import type { Kernels, StepGraph, Trainable } from '@gradcast/network';
import { sizeOf } from '@gradcast/tensors';
import type { Binding, NodeBackend, TensorMetadata } from '../binding.ts';
import { graphDef } from '../graph-def.ts';
import type { Recorder } from '../recorder.ts';
import { TYPE } from './raw-ops.ts';
import { runStep } from './step-body.ts';
import type { StepTask } from './step-body.ts';

/** How TensorFlow runs a function: its ops one after the other, or as one program that XLA makes of them. */
export type FunctionMode = 'function' | 'function-xla';

/** Functions made so far: a name is never used again. */
let made = 0;

/** A recorded step, from which functions are made. */
interface RecordedStep {
  readonly graph: Uint8Array;
  readonly inputs: readonly string[];
  readonly output: string;
}

/** A backend whose ops can be written down. */
export interface RecordedBackend {
  readonly backend: NodeBackend;
  readonly kernels: Kernels;
  /** Listens to its binding. */
  readonly recorder: Recorder;
}

/** Runs a step on zeros and writes down which ops ran. */
function recordStep({ backend, kernels, recorder }: RecordedBackend, task: StepTask, graph: StepGraph): RecordedStep {
  const { binding } = backend;
  const inputs = [
    blank(binding, task.parameters.length, 'f32'),
    ...task.fields.map((field) => blank(binding, graph.samples * sizeOf(field.shape), field.dtype)),
  ];
  const fields = Object.fromEntries(task.fields.map(({ name }, place) => [name, inputs[place + 1]]));
  let result: TensorMetadata | undefined;
  try {
    const recording = recorder.record(inputs, () => {
      result = runStep({ backend, kernels, task, graph }, { parameters: inputs[0], fields });
      return [result.id];
    });
    const nameOf = (source: string) => source.slice(0, source.lastIndexOf(':'));
    return {
      graph: graphDef(recording.nodes),
      inputs: recording.inputs.map(nameOf),
      output: nameOf(recording.outputs[0]),
    };
  } finally {
    for (const { id } of result ? [...inputs, result] : inputs) binding.deleteTensor(id);
  }
}

function blank(binding: Binding, length: number, dtype: 'f32' | 'u8'): TensorMetadata {
  const type = dtype === 'f32' ? TYPE.float : TYPE.uint8;
  const values = dtype === 'f32' ? new Float32Array(length) : new Uint8Array(length);
  return { id: binding.createTensor([length], type, values), shape: [length], dtype: type };
}

/** A function that can be called. */
class DeviceFunction {
  readonly #binding: Binding;
  readonly #name: string;

  /** @throws Error in TensorFlow's words. What XLA cannot compile shows at the first call. */
  constructor(binding: Binding, { graph, inputs, output }: RecordedStep, mode: FunctionMode) {
    this.#binding = binding;
    this.#name = `gradcast_step_${made++}`;
    binding.addFunction(graph, this.#name, inputs, [output], mode === 'function-xla');
  }

  /**
   * Runs it and waits for its result.
   *
   * @param inputs ids of the parameters and the fields, in the task's order.
   * @param into takes the result's elements, one array behind the other.
   */
  run(inputs: readonly number[], into: readonly Float32Array[]): void {
    const result = this.#binding.callFunction(this.#name, inputs);
    try {
      this.#binding.readTensor(result, into);
    } finally {
      this.#binding.deleteTensor(result);
    }
  }

  dispose(): void {
    this.#binding.removeFunction(this.#name);
  }
}

/** A task whose step can be a function. */
export type StepFunctionTask = StepTask & Required<Pick<Trainable, 'stepGraph'>>;

/** A step's function, and that of the step which is run in its place where its flag is raised. */
export class StepFunctions {
  readonly #make: (graph: StepGraph) => DeviceFunction;
  readonly #graph: StepGraph;
  readonly #first: DeviceFunction;
  #otherwise: DeviceFunction | undefined;

  /** @param task says what it is for `samples` as data. */
  constructor(recorded: RecordedBackend, task: StepFunctionTask, samples: number, mode: FunctionMode) {
    this.#make = (graph) => new DeviceFunction(recorded.backend.binding, recordStep(recorded, task, graph), mode);
    this.#graph = task.stepGraph(samples);
    this.#first = this.#make(this.#graph);
  }

  /** Writes gradient and tail. */
  run(inputs: readonly number[], into: Float32Array): void {
    const flag = new Float32Array(1);
    this.#first.run(inputs, [into, flag]);
    const { otherwise } = this.#graph;
    if (flag[0] === 0 || !otherwise) return;
    this.#otherwise ??= this.#make(otherwise);
    this.#otherwise.run(inputs, [into]);
  }

  dispose(): void {
    this.#first.dispose();
    this.#otherwise?.dispose();
  }
}
