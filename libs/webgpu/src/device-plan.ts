/**
 * A plan on a device: its buffers, pipelines and bindings, made once. A run is one upload of the micro-batch, one submit, one
 * read-back; leaves of a subtree share the read-back (`subtree.ts`).
 */
import type { Home, Plan, Value } from '@gradcast/plan';
import { MAP_READ, USAGE } from './context.ts';
import type { CompiledKernel, DeviceContext, MakeBuffer } from './context.ts';
import { webgpuError } from './webgpu-error.ts';
import { kernelOf } from './wgsl/kernels.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface RunInputs {
  /** By name, as long as the plan's fields. */
  readonly fields: Readonly<Record<string, Float32Array | Uint8Array>>;
  readonly statistics?: Float32Array;
}

/** What one run of a plan asked of the device. */
export interface RunCounts {
  readonly dispatches: number;
  readonly uploads: number;
  readonly submits: number;
  readonly readBacks: number;
}

export class DevicePlan {
  readonly plan: Plan;
  readonly #context: DeviceContext;
  readonly #buffers: ReadonlyMap<string, GPUBuffer>;
  readonly #staging: GPUBuffer;
  readonly #steps: readonly { readonly compiled: CompiledKernel; readonly group: GPUBindGroup }[];
  /** The batch as it is uploaded. */
  readonly #batch: Bytes;

  private constructor(
    context: DeviceContext,
    plan: Plan,
    made: {
      buffers: ReadonlyMap<string, GPUBuffer>;
      staging: GPUBuffer;
      steps: readonly { compiled: CompiledKernel; group: GPUBindGroup }[];
    },
  ) {
    this.#context = context;
    this.plan = plan;
    this.#buffers = made.buffers;
    this.#staging = made.staging;
    this.#steps = made.steps;
    this.#batch = new Uint8Array(plan.sizes.batch);
  }

  /**
   * Compiles what is not yet compiled and makes the buffers, but for the parameters' own, which plans of a task share.
   *
   * @throws BackendError `webgpu-shader`, `webgpu-out-of-memory`, `webgpu-device-lost`.
   */
  static async create(context: DeviceContext, plan: Plan, parameters: GPUBuffer): Promise<DevicePlan> {
    const compiled = await Promise.all(plan.launches.map((launch) => context.compiled(kernelOf(plan, launch))));
    const made = await context.allocate((make) => {
      const buffers = buffersOf(make, plan, parameters);
      const staging = make({ size: plan.sizes.result, usage: USAGE.mapRead | USAGE.copyTarget });
      const steps = compiled.map((each) => ({
        compiled: each,
        group: context.device.createBindGroup({
          layout: each.layout,
          entries: each.kernel.bindings.map(({ value }, binding) => ({
            binding,
            resource:
              typeof value === 'number'
                ? placeOf(plan.values[value], buffers)
                : { buffer: context.table(value.pixels) },
          })),
        }),
      }));
      return { buffers, staging, steps };
    });
    return new DevicePlan(context, plan, made);
  }

  /**
   * @returns the plan's result, as long as the plan says; it is the caller's.
   * @throws BackendError `webgpu-device-lost`, and what the device complained of: `webgpu-out-of-memory`, `webgpu-refused`.
   */
  async run(inputs: RunInputs): Promise<Float32Array<ArrayBuffer>> {
    this.submit(inputs, (encoder) => this.encodeReadBack(encoder, this.result));
    return this.read();
  }

  /** Where the launches of {@link submit} leave the result. */
  get result(): GPUBuffer {
    return this.#buffers.get('result')!;
  }

  /**
   * Uploads a micro-batch and submits the launches, with what is encoded behind them; waits for nothing.
   *
   * @throws BackendError `webgpu-device-lost`.
   */
  submit(inputs: RunInputs, encodeBehind: (encoder: GPUCommandEncoder) => void): void {
    const { device } = this.#context;
    this.#context.requireDevice();
    this.#upload(inputs);
    const encoder = device.createCommandEncoder({ label: this.plan.name });
    const pass = encoder.beginComputePass();
    for (const { compiled, group } of this.#steps) {
      pass.setPipeline(compiled.pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...compiled.kernel.workgroups);
    }
    pass.end();
    encodeBehind(encoder);
    device.queue.submit([encoder.finish()]);
  }

  /** Encodes that a vector as long as the result is read back, by the next {@link read}. */
  encodeReadBack(encoder: GPUCommandEncoder, vector: GPUBuffer): void {
    encoder.copyBufferToBuffer(vector, 0, this.#staging, 0, this.plan.sizes.result);
  }

  /** Resolves when all that was submitted so far is done. @throws BackendError `webgpu-device-lost`. */
  async finished(): Promise<void> {
    await this.#survived(this.#context.device.queue.onSubmittedWorkDone());
  }

  /**
   * @returns the vector that {@link encodeReadBack} encoded and {@link submit} submitted; it is the caller's.
   * @throws BackendError `webgpu-device-lost`, and what the device complained of: `webgpu-out-of-memory`, `webgpu-refused`.
   */
  async read(): Promise<Float32Array<ArrayBuffer>> {
    await this.#survived(this.#staging.mapAsync(MAP_READ));
    const result = new Float32Array(this.#staging.getMappedRange().slice(0));
    this.#staging.unmap();
    this.#context.requireSound();
    return result;
  }

  /**
   * Runs each launch by itself and waits for it, as often as asked.
   *
   * @returns the least milliseconds that each took, in order; what submitting and waiting take is in all of them.
   */
  async timeLaunches(inputs: RunInputs, rounds: number): Promise<number[]> {
    const { device } = this.#context;
    this.#context.requireDevice();
    this.#upload(inputs);
    const least = this.#steps.map(() => Infinity);
    for (let round = 0; round < rounds; round++) {
      for (const [index, { compiled, group }] of this.#steps.entries()) {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        pass.setPipeline(compiled.pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...compiled.kernel.workgroups);
        pass.end();
        await device.queue.onSubmittedWorkDone();
        const before = performance.now();
        device.queue.submit([encoder.finish()]);
        await device.queue.onSubmittedWorkDone();
        least[index] = Math.min(least[index], performance.now() - before);
      }
    }
    return least;
  }

  get counts(): RunCounts {
    return { dispatches: this.#steps.length, uploads: 1, submits: 1, readBacks: 1 };
  }

  dispose(): void {
    for (const [home, buffer] of this.#buffers) if (home !== 'parameters') buffer.destroy();
    this.#staging.destroy();
  }

  #upload({ fields, statistics }: RunInputs): void {
    const { queue } = this.#context.device;
    for (const { home, name, offset } of this.plan.values) {
      if (home !== 'batch') continue;
      const field = fields[name.replace('field ', '')];
      this.#batch.set(new Uint8Array(field.buffer, field.byteOffset, field.byteLength), offset);
    }
    // The queue takes a copy.
    queue.writeBuffer(this.#buffers.get('batch')!, 0, this.#batch);
    if (statistics) queue.writeBuffer(this.#buffers.get('statistics')!, 0, statistics.slice().buffer);
  }

  async #survived(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (cause) {
      // A lost device says so a moment later than its buffers do.
      await Promise.resolve();
      this.#context.requireDevice();
      throw webgpuError('webgpu-device-lost', 'the GPU gave no result back', cause);
    }
  }
}

function buffersOf(make: MakeBuffer, plan: Plan, parameters: GPUBuffer): Map<string, GPUBuffer> {
  const { batch, statistics, result } = plan.sizes;
  const target = USAGE.storage | USAGE.copyTarget;
  const buffers = new Map([['parameters', parameters]]);
  buffers.set('batch', make({ label: 'batch', size: Math.max(batch, 4), usage: target }));
  if (statistics > 0) {
    buffers.set('statistics', make({ label: 'statistics', size: statistics, usage: target }));
  }
  // Zero where no launch writes: between tensors.
  const source = USAGE.storage | USAGE.copySource;
  buffers.set('result', make({ label: 'result', size: result, usage: source }));
  for (const [arena, size] of plan.arenas.entries()) {
    buffers.set(keyOf('arena', arena), make({ label: `arena ${arena}`, size, usage: USAGE.storage }));
  }
  return buffers;
}

function keyOf(home: Home, arena: number): string {
  return home === 'arena' ? `arena ${arena}` : home;
}

/** What a kernel sees of a value: all of it. */
function placeOf(
  { home, arena, offset, elements, type }: Value,
  buffers: ReadonlyMap<string, GPUBuffer>,
): GPUBufferBinding {
  const bytes = type === 'u8' ? 4 * Math.ceil(elements / 4) : 4 * elements;
  return { buffer: buffers.get(keyOf(home, arena))!, offset, size: bytes };
}
