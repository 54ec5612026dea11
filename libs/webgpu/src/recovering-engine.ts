/**
 * An engine that outlives its device: what was interrupted is computed again on the next one.
 *
 * Invariant: nothing that is computed depends on it. A micro-batch is a pure function of parameters and fields, so it may be
 * computed as often as it takes; and less memory means fewer plans at a time, never others.
 */
import { BackendError } from '@gradcast/engine';
import { copiedBatch, OneCall } from '@gradcast/task';
import type { GradientEngine, MicroBatch, SubtreeLeaves, SubtreeOutcome, Task } from '@gradcast/task';
import type { FieldArray } from '@gradcast/tensors';
import type { DeviceContext } from './context.ts';
import type { DeviceKeeper } from './device-keeper.ts';
import type { PlanEngine } from './engine.ts';
import { webgpuError } from './webgpu-error.ts';

/** What is used of an engine on one device. */
export type EngineOnDevice = Pick<
  PlanEngine,
  'prepare' | 'load' | 'gradient' | 'subtree' | 'infer' | 'dispose' | 'planCount' | 'spareMemory'
>;

/** Makes an engine for the same task on any device. */
export type MakeEngine = (context: DeviceContext) => EngineOnDevice;

/** What drivers say of a device that was lost for want of memory. */
const MEMORY = /memory/i;

export class RecoveringEngine implements GradientEngine {
  readonly #task: Pick<Task, 'name'>;
  readonly #keeper: DeviceKeeper;
  readonly #make: MakeEngine;
  #context: DeviceContext;
  #engine: EngineOnDevice;
  /** Gives the parameters of the version that is loaded. */
  #parameters: (() => Float32Array) | undefined;
  #copy: Float32Array | undefined;
  /** Plans that its device has had room for, as far as is known. */
  #plansThatFit = 0;
  #isSparing = false;
  /** Makes an engine on another device ready to go on. */
  #afterLoss: (() => Promise<void>) | undefined;
  /** Size of the micro-batches that it was made ready for. */
  #prepared: number | undefined;
  readonly #calls = new OneCall();

  constructor(task: Pick<Task, 'name'>, keeper: DeviceKeeper, make: MakeEngine) {
    this.#task = task;
    this.#keeper = keeper;
    this.#make = make;
    this.#context = keeper.context;
    this.#engine = make(this.#context);
  }

  async prepare(samples: number): Promise<string | undefined> {
    this.#prepared = samples;
    return this.#persistently((engine) => engine.prepare(samples));
  }

  load(parameters: Float32Array, again?: () => Float32Array): void {
    this.#loadThere(parameters);
    if (again) this.#copy = undefined;
    this.#parameters = again ?? this.#copied(parameters);
  }

  async gradient(batch: MicroBatch, into: Float32Array): Promise<void> {
    const kept = copiedBatch(batch);
    return this.#persistently((engine) => engine.gradient(kept, into));
  }

  /** Leaves are asked for once: where a subtree was interrupted they come up singly, on the next device. */
  async subtree(leaves: SubtreeLeaves, into: Float32Array): Promise<SubtreeOutcome> {
    return this.#calls.run(async () => {
      try {
        const outcome = await this.#engine.subtree(leaves, into);
        this.#plansThatFit = this.#engine.planCount;
        return outcome;
      } catch (error) {
        await this.#recover(error);
        return 'singly';
      }
    });
  }

  async infer(inputs: MicroBatch, reference?: MicroBatch): Promise<FieldArray> {
    const kept = [copiedBatch(inputs), reference && copiedBatch(reference)] as const;
    return this.#persistently((engine) => engine.infer(...kept));
  }

  dispose(): void {
    this.#engine.dispose();
    this.#parameters = undefined;
    this.#copy = undefined;
  }

  #loadThere(parameters: Float32Array): void {
    try {
      this.#engine.load(parameters);
    } catch (error) {
      // The next call brings the device back and loads them.
      if (!isOf(error, 'webgpu-device-lost')) throw error;
    }
  }

  #copied(parameters: Float32Array): () => Float32Array {
    const copy = (this.#copy ??= new Float32Array(parameters.length));
    copy.set(parameters);
    return () => copy;
  }

  /**
   * Does what is asked for, on as many devices as it takes.
   *
   * @throws whatever is no fault of the device, and BackendError if that cannot be made good.
   */
  async #persistently<T>(body: (engine: EngineOnDevice) => Promise<T>): Promise<T> {
    return this.#calls.run(async () => {
      for (;;) {
        try {
          const result = await body(this.#engine);
          this.#plansThatFit = this.#engine.planCount;
          return result;
        } catch (error) {
          await this.#recover(error);
        }
      }
    });
  }

  /** @throws the error if there is nothing to be done about it. */
  async #recover(error: unknown): Promise<void> {
    if (isOf(error, 'webgpu-out-of-memory')) return this.#spare(error);
    if (isOf(error, 'webgpu-device-lost')) return this.#persist(error);
    throw error;
  }

  /** @throws BackendError `webgpu-out-of-memory` if there is nothing left that could be spared. */
  async #spare(error: BackendError): Promise<void> {
    if (this.#isSparing) {
      const sentence = `${error.message}; task ${this.#task.name} does not fit, one plan at a time`;
      throw webgpuError('webgpu-out-of-memory', sentence, error);
    }
    this.#isSparing = true;
    this.#keeper.tell({ kind: 'full', sentence: `${error.message}; one plan at a time is kept there from now on` });
    await this.#engine.spareMemory();
  }

  /** Until an engine is ready; its device may be lost before it is. @throws BackendError once there were enough. */
  async #persist(error: BackendError): Promise<void> {
    for (let cause = error; ;) {
      await this.#comeBack(cause);
      try {
        return await this.#afterLoss?.();
      } catch (again) {
        if (!isOf(again, 'webgpu-device-lost')) throw again;
        cause = again;
      }
    }
  }

  async #comeBack(error: BackendError): Promise<void> {
    const isForMemory = MEMORY.test(error.message) || this.#engine.planCount > this.#plansThatFit;
    const isNew = isForMemory && !this.#isSparing;
    this.#context = await this.#keeper.replace(this.#context, error);
    this.#engine.dispose();
    this.#isSparing ||= isForMemory;
    this.#engine = this.#make(this.#context);
    this.#plansThatFit = 0;
    this.#afterLoss = async () => {
      if (this.#isSparing) await this.#engine.spareMemory();
      // What was chosen on the old device is chosen here, too.
      if (this.#prepared !== undefined) await this.#engine.prepare(this.#prepared);
      if (this.#parameters) this.#engine.load(this.#parameters());
      const how = isNew ? ', with one plan at a time, since its memory may have been full' : '';
      this.#keeper.tell({ kind: 'back', sentence: `the GPU is back; what was interrupted is computed again${how}` });
    };
  }
}

function isOf(error: unknown, code: string): error is BackendError {
  return error instanceof BackendError && error.code === code;
}
