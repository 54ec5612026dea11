/** Gradients of a task by a compiled plan; the same promises as the engine that runs op by op. */
import { toPixels } from '@gradcast/network';
import type { Trainable } from '@gradcast/network';
import { compileOutput, compileStep, PlanError } from '@gradcast/plan';
import type { OutputPlans, PlanOptions } from '@gradcast/plan';
import { copiedBatch, OneCall, requireFields, requireLength } from '@gradcast/task';
import type { BatchField, GradientEngine, MicroBatch, SubtreeLeaves, SubtreeOutcome } from '@gradcast/task';
import { clearPadding, sizeOf } from '@gradcast/tensors';
import type { FieldArray } from '@gradcast/tensors';
import { USAGE } from './context.ts';
import type { DeviceContext } from './context.ts';
import { DeviceAdder } from './device-adder.ts';
import { DevicePlan } from './device-plan.ts';
import { DeviceSum } from './device-sum.ts';
import { runSubtree } from './subtree.ts';
import type { TilesTuner } from './tuning/tuner.ts';
import type { addKernel } from './wgsl/add.ts';

/** Samples inferred at once. */
const INFER_CHUNK = 256;

/** Whether a task's step can be a plan; a task of functions runs op by op. */
export function canPlan(task: Trainable): boolean {
  return task.stepGraph !== undefined;
}

export type EngineOptions = Pick<PlanOptions, 'chooseTile'> & {
  /** Chooses tiles when the engine is prepared. */
  readonly tuner?: TilesTuner | undefined;
  /** Told why the device adds no leaves from now on, at most once by an engine. */
  readonly leftToHost?: ((reason: unknown) => void) | undefined;
  /** What adds leaves on the device, for tests. */
  readonly sumKernel?: typeof addKernel;
};

/**
 * An engine for one task on one device.
 *
 * @throws PlanError `plan-unsupported` for a task without a step graph; what a plan of a size needs is found when that size comes.
 */
export function createPlanEngine(task: Trainable, context: DeviceContext, options: EngineOptions = {}): PlanEngine {
  return new PlanEngine(task, context, options);
}

export class PlanEngine implements GradientEngine {
  readonly #task: Trainable;
  readonly #context: DeviceContext;
  readonly #tuner: TilesTuner | undefined;
  #options: PlanOptions;
  readonly #leftToHost: (reason: unknown) => void;
  readonly #sumKernel: typeof addKernel | undefined;
  readonly #parameters: GPUBuffer;
  readonly #plans = new Map<string, Promise<DevicePlan>>();
  /** Null once sums are left to the host. */
  #adder: Promise<DeviceAdder> | null | undefined;
  readonly #sums = new Map<DevicePlan, DeviceSum>();
  /** Whether the flag of the last step was raised. */
  #wasRaised = false;
  #output: OutputPlans | undefined;
  #holdsOne = false;
  #loaded = false;
  readonly #calls = new OneCall();

  constructor(task: Trainable, context: DeviceContext, { tuner, leftToHost, sumKernel, ...options }: EngineOptions) {
    if (!task.stepGraph) throw new PlanError('plan-unsupported', `the step of task ${task.name} is not told as data`);
    this.#task = task;
    this.#context = context;
    this.#tuner = tuner;
    this.#leftToHost = leftToHost ?? (() => undefined);
    this.#sumKernel = sumKernel;
    const { maxBufferSize, maxStorageBufferBindingSize } = context.device.limits;
    this.#options = { ...options, largestBuffer: Math.min(maxBufferSize, maxStorageBufferBindingSize) };
    const size = 4 * task.parameters.length;
    this.#parameters = context.device.createBuffer({
      label: 'parameters',
      size,
      usage: USAGE.storage | USAGE.copyTarget,
    });
  }

  /** Chooses the tiles of all plans from now on, by what was timed for the step of a size; with no tuner they stay the usual ones. */
  async prepare(samples: number): Promise<string | undefined> {
    if (!this.#tuner) return undefined;
    const usual = { ...this.#options, chooseTile: () => undefined };
    const step = compileStep(this.#task, this.#task.stepGraph!(samples), usual);
    const { chooseTile, text } = await this.#tuner.choose(step);
    this.#options = { ...this.#options, chooseTile };
    return text;
  }

  load(parameters: Float32Array): void {
    requireLength('parameters', parameters.length, this.#task.parameters.length);
    this.#context.requireDevice();
    const { buffer, byteOffset, byteLength } = parameters;
    // The queue takes a copy.
    this.#context.device.queue.writeBuffer(this.#parameters, 0, buffer, byteOffset, byteLength);
    this.#loaded = true;
  }

  async gradient(batch: MicroBatch, into: Float32Array): Promise<void> {
    const { parameters, tail, fields } = this.#task;
    requireFields(fields, batch);
    requireLength('gradient', into.length, parameters.length + tail.length);
    await this.#exclusively(async () => {
      // Plans may have to be made first.
      const inputs = copiedBatch(batch);
      const plan = await this.#step(batch.size, false);
      let result = await plan.run(inputs);
      this.#wasRaised = isRaised(plan, result);
      if (this.#wasRaised) result = await (await this.#step(batch.size, true)).run(inputs);
      this.#write(result, into);
    });
  }

  async subtree(leaves: SubtreeLeaves, into: Float32Array): Promise<SubtreeOutcome> {
    const { parameters, tail, fields } = this.#task;
    requireLength('gradient', into.length, parameters.length + tail.length);
    return this.#exclusively(async () => {
      // Flags come in rows, and a sum that holds one was computed in vain. Where there is little memory, plans need it more.
      if (this.#wasRaised || this.#holdsOne) return 'singly';
      const plan = await this.#step(leaves.size, false);
      const sum = await this.#sumOf(plan, leaves);
      if (!sum) return 'singly';
      const requireBatch = (batch: MicroBatch) => {
        requireFields(fields, batch);
        if (batch.size !== leaves.size)
          throw new RangeError(`a leaf must have ${leaves.size} samples, not ${batch.size}`);
      };
      const result = await runSubtree({ plan, sum, leaves, requireBatch });
      if (!result) return 'stopped';
      this.#wasRaised = isRaised(plan, result);
      if (this.#wasRaised) return 'singly';
      this.#write(result, into);
      return 'summed';
    });
  }

  async infer(inputs: MicroBatch, reference?: MicroBatch): Promise<FieldArray> {
    const { output, name } = this.#task;
    const chain = this.#task.outputChain();
    if (!output || !chain) throw new Error(`task ${name} has no output that can be planned`);
    for (const batch of reference ? [inputs, reference] : [inputs]) requireFields(output.inputs, batch);
    return this.#exclusively(async () => {
      const plans = (this.#output ??= compileOutput(this.#task, chain, this.#options));
      let statistics: Float32Array | undefined;
      if (plans.statistics.length > 0) {
        if (!reference) throw new Error(`the output of task ${name} needs a reference`);
        const measure = await this.#planned(`measure ${reference.size}`, () => plans.measure(reference.size));
        statistics = (await measure.run(copiedBatch(reference))).subarray(0, plans.statistics.length);
      }
      const plan = await this.#planned('infer', () => plans.infer(INFER_CHUNK));
      const { values } = output;
      const elements =
        values.kind === 'image' ? sizeOf(values.shape) : values.kind === 'classes' ? values.classes : values.length;
      const into =
        values.kind === 'image' ? new Uint8Array(inputs.size * elements) : new Float32Array(inputs.size * elements);
      for (let first = 0; first < inputs.size; first += INFER_CHUNK) {
        const count = Math.min(INFER_CHUNK, inputs.size - first);
        const chunk = chunkOf(output.inputs, inputs, { first, count });
        const numbers = (await plan.run({ ...chunk, ...(statistics && { statistics }) })).subarray(0, count * elements);
        into.set(values.kind === 'image' ? toPixels(numbers, values.range) : numbers, first * elements);
      }
      return into;
    });
  }

  /** How many plans it holds buffers for. */
  get planCount(): number {
    return this.#plans.size;
  }

  /**
   * Holds one plan at a time from now on, made anew whenever another is needed: what it computes does not depend on it.
   */
  async spareMemory(): Promise<void> {
    this.#holdsOne = true;
    await this.#dropPlans();
  }

  dispose(): void {
    for (const plan of this.#plans.values()) {
      // One that could not be made has nothing to free.
      plan.then((made) => made.dispose()).catch(() => undefined);
    }
    this.#plans.clear();
    this.#dropSums();
    this.#parameters.destroy();
    this.#loaded = false;
  }

  /** The plan of a micro-batch's size, or the one that is run in its place where its flag is raised. */
  async #step(samples: number, otherwise: boolean): Promise<DevicePlan> {
    return this.#planned(`step ${samples} ${otherwise ? 'otherwise' : ''}`, () => {
      const plan = compileStep(this.#task, this.#task.stepGraph!(samples), this.#options);
      return otherwise ? plan.otherwise! : plan;
    });
  }

  /** Undefined where the device must not add, or has no room for the nodes. @throws BackendError `webgpu-device-lost`. */
  async #sumOf(plan: DevicePlan, { count }: SubtreeLeaves): Promise<DeviceSum | undefined> {
    if (this.#adder === null) return undefined;
    try {
      const adder = await (this.#adder ??= DeviceAdder.create(this.#context, this.#sumKernel));
      const sum = this.#sums.get(plan) ?? new DeviceSum(this.#context, adder, plan.result);
      this.#sums.set(plan, sum);
      await sum.reserve(count);
      return sum;
    } catch (reason) {
      this.#adder = undefined;
      // A lost device says so a moment later than its buffers do.
      await Promise.resolve();
      this.#context.requireDevice();
      // Steps still find room, and they are what is needed.
      this.#adder = null;
      this.#dropSums();
      this.#leftToHost(reason);
      return undefined;
    }
  }

  #dropSums(): void {
    for (const sum of this.#sums.values()) sum.dispose();
    this.#sums.clear();
  }

  #write(result: Float32Array, into: Float32Array): void {
    const { parameters, tail } = this.#task;
    into.set(result.subarray(0, into.length));
    clearPadding(parameters, into);
    clearPadding(tail, into.subarray(parameters.length));
  }

  async #dropPlans(): Promise<void> {
    const plans = [...this.#plans.values()];
    this.#plans.clear();
    this.#dropSums();
    for (const plan of await Promise.allSettled(plans)) if (plan.status === 'fulfilled') plan.value.dispose();
  }

  async #planned(key: string, compile: () => DevicePlan['plan']): Promise<DevicePlan> {
    const known = this.#plans.get(key);
    if (known) return known;
    if (this.#holdsOne) await this.#dropPlans();
    const made = DevicePlan.create(this.#context, compile(), this.#parameters);
    this.#plans.set(key, made);
    // Tried again the next time.
    made.catch(() => this.#plans.delete(key));
    return made;
  }

  async #exclusively<T>(body: () => Promise<T>): Promise<T> {
    if (!this.#loaded) throw new Error('the engine holds no parameters: load() comes first');
    return this.#calls.run(body);
  }
}

/** Raised, or not a number. */
function isRaised({ plan: { flagAt } }: DevicePlan, result: Float32Array): boolean {
  return flagAt !== undefined && result[flagAt] !== 0;
}

/** Samples from `first` on, as many as a chunk has; those behind `count` are zero. */
function chunkOf(
  fields: readonly BatchField[],
  batch: MicroBatch,
  { first, count }: { readonly first: number; readonly count: number },
): { fields: Record<string, Float32Array | Uint8Array> } {
  const values = fields.map(({ name, shape, dtype }): [string, Float32Array | Uint8Array] => {
    const size = sizeOf(shape);
    const chunk = dtype === 'u8' ? new Uint8Array(INFER_CHUNK * size) : new Float32Array(INFER_CHUNK * size);
    chunk.set(batch.fields[name].subarray(first * size, (first + count) * size));
    return [name, chunk];
  });
  return { fields: Object.fromEntries(values) };
}
