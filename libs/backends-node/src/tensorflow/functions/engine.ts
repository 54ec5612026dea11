/**
 * Gradients of a task by one function a micro-batch: one upload of parameters and fields, one call, one read-back.
 *
 * Where a step makes no function it runs op by op, and what is inferred always does.
 */
import { createEngine } from '@gradcast/engine';
import type { LoadedBackend } from '@gradcast/engine';
import type { Trainable } from '@gradcast/network';
import { OneCall, requireFields, requireLength } from '@gradcast/task';
import type { GradientEngine, MicroBatch } from '@gradcast/task';
import type { FieldArray } from '@gradcast/tensors';
import { StepFunctions } from './device-function.ts';
import type { FunctionMode, RecordedBackend, StepFunctionTask } from './device-function.ts';
import { ParameterUpload } from './parameter-upload.ts';
import { TYPE } from './raw-ops.ts';

export interface FunctionEngineOptions {
  /** The backend op by op. */
  readonly eager: LoadedBackend & RecordedBackend;
  /** How steps run; what XLA does not compile runs as `function`. */
  readonly mode: FunctionMode;
  /** Takes one sentence for each thing that does not work. */
  readonly tell: (sentence: string) => void;
}

/** Whether a task's step can be one function; the step of a task of functions over tensors is not known before it runs. */
export function canBeFunction<T extends Trainable>(task: T): task is T & StepFunctionTask {
  return task.stepGraph !== undefined;
}

export class FunctionEngine implements GradientEngine {
  readonly #task: Trainable & StepFunctionTask;
  readonly #options: FunctionEngineOptions;
  /** By samples of a micro-batch; undefined where it runs op by op. */
  readonly #steps = new Map<number, StepFunctions | undefined>();
  readonly #parameters: ParameterUpload;
  /** With the parameters of the present version, once it was needed. */
  #plain: GradientEngine | undefined;
  readonly #calls = new OneCall();

  constructor(task: Trainable & StepFunctionTask, options: FunctionEngineOptions) {
    this.#task = task;
    this.#options = options;
    this.#parameters = new ParameterUpload(this.#binding, task.parameters.length, options.tell);
  }

  load(parameters: Float32Array): void {
    requireLength('parameters', parameters.length, this.#task.parameters.length);
    this.#dropPlain();
    this.#parameters.load(parameters);
  }

  async gradient(batch: MicroBatch, into: Float32Array): Promise<void> {
    const { parameters, tail, fields } = this.#task;
    requireFields(fields, batch);
    requireLength('gradient', into.length, parameters.length + tail.length);
    await this.#exclusively(async (loaded) => {
      // All that reads the micro-batch does so before this function first waits.
      if (!this.#computed(batch, loaded, into)) await this.#opByOp(loaded).gradient(batch, into);
    });
  }

  async infer(inputs: MicroBatch, reference?: MicroBatch): Promise<FieldArray> {
    return this.#exclusively((loaded) => this.#opByOp(loaded).infer(inputs, reference));
  }

  dispose(): void {
    this.#dropPlain();
    this.#parameters.dispose();
    for (const step of this.#steps.values()) step?.dispose();
    this.#steps.clear();
  }

  get #binding() {
    return this.#options.eager.backend.binding;
  }

  /** @returns false if micro-batches of this size make no function. */
  #computed(batch: MicroBatch, loaded: number, into: Float32Array): boolean {
    const inputs = [loaded];
    try {
      for (const { name, dtype } of this.#task.fields) {
        const values = batch.fields[name];
        const type = dtype === 'f32' ? TYPE.float : TYPE.uint8;
        inputs.push(this.#binding.createTensor([values.length], type, values));
      }
      if (!this.#steps.has(batch.size)) return this.#first(batch.size, inputs, into);
      const step = this.#steps.get(batch.size);
      step?.run(inputs, into);
      return step !== undefined;
    } finally {
      for (const id of inputs.slice(1)) this.#binding.deleteTensor(id);
    }
  }

  /** The first of its size: what does not work shows here. */
  #first(samples: number, inputs: readonly number[], into: Float32Array): boolean {
    const { mode, eager, tell } = this.#options;
    const { name } = this.#task;
    const modes: readonly FunctionMode[] = mode === 'function-xla' ? [mode, 'function'] : [mode];
    for (const each of modes) {
      let step: StepFunctions | undefined;
      try {
        step = new StepFunctions(eager, this.#task, samples, each);
        step.run(inputs, into);
        this.#steps.set(samples, step);
        return true;
      } catch (error) {
        step?.dispose();
        const instead = each === 'function-xla' ? 'without XLA' : 'op by op';
        tell(`TensorFlow computes steps of ${name} ${instead}, because they make no ${each} here: ${firstLine(error)}`);
      }
    }
    this.#steps.set(samples, undefined);
    return false;
  }

  #opByOp(loaded: number): GradientEngine {
    if (this.#plain) return this.#plain;
    const parameters = new Float32Array(this.#task.parameters.length);
    this.#binding.readTensor(loaded, [parameters]);
    this.#plain = createEngine(this.#task, this.#options.eager);
    this.#plain.load(parameters);
    return this.#plain;
  }

  #dropPlain(): void {
    this.#plain?.dispose();
    this.#plain = undefined;
  }

  async #exclusively<T>(body: (parameters: number) => Promise<T>): Promise<T> {
    const loaded = this.#parameters.id;
    if (loaded === undefined) throw new Error('the engine holds no parameters: load() comes first');
    return this.#calls.run(() => body(loaded));
  }
}

const LONGEST_REASON = 300;

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0].slice(0, LONGEST_REASON);
}
