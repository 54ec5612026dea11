/**
 * A device with what its plans share: compiled pipelines by their text, tables, and the knowledge that it is lost.
 *
 * Needs nothing but the `GPUDevice`: no global of WebGPU's, so a browser's and Dawn's are the same.
 */
import { fromPixels } from '@gradcast/network';
import type { BackendError } from '@gradcast/engine';
import type { Binding, Kernel } from './wgsl/shader.ts';
import { webgpuError } from './webgpu-error.ts';

/** Values of the standard's flags, which are globals only in browsers. */
export const USAGE = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, storage: 0x80 } as const;
export const MAP_READ = 0x1;
const COMPUTE_STAGE = 0x4;

export interface CompiledKernel {
  readonly kernel: Kernel;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export type MakeBuffer = (descriptor: GPUBufferDescriptor) => GPUBuffer;

export class DeviceContext {
  readonly device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<Omit<CompiledKernel, 'kernel'>>>();
  readonly #tables = new Map<string, GPUBuffer>();
  #lost: BackendError | undefined;
  /** What the device complained of where no scope was open. */
  #fault: BackendError | undefined;

  constructor(device: GPUDevice) {
    this.device = device;
    void device.lost.then(({ reason, message }) => {
      const why = message === '' ? reason : message;
      this.#lost = webgpuError('webgpu-device-lost', `the GPU is gone: ${why}`);
    });
    device.addEventListener('uncapturederror', ({ error }) => (this.#fault ??= faultOf(error)));
  }

  /** @throws BackendError `webgpu-device-lost` once the device is lost. */
  requireDevice(): void {
    if (this.#lost) throw this.#lost;
  }

  /**
   * What was read is worth something only after this: a device goes on after an error, with buffers as they were.
   *
   * @throws BackendError `webgpu-device-lost`, and once what it complained of: `webgpu-out-of-memory`, `webgpu-refused`.
   */
  requireSound(): void {
    this.requireDevice();
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault) throw fault;
  }

  /**
   * Compiled once for each text.
   *
   * @throws BackendError `webgpu-shader` with the compiler's words.
   */
  async compiled(kernel: Kernel): Promise<CompiledKernel> {
    const access = kernel.bindings.map(({ access: own }) => own).join();
    const key = `${access}\n${kernel.code}`;
    const known = this.#pipelines.get(key);
    const made = known ?? this.#compile(kernel);
    if (!known) this.#pipelines.set(key, made);
    return { kernel, ...(await made) };
  }

  /** How many texts were compiled. */
  get pipelineCount(): number {
    return this.#pipelines.size;
  }

  /**
   * Makes buffers; whatever the body makes is checked for memory and validity. Where either fails, nothing that it made by `make`
   * is left: a collector knows nothing of a GPU's memory.
   *
   * @throws BackendError `webgpu-out-of-memory`, `webgpu-refused` for what is not valid, `webgpu-device-lost`.
   */
  async allocate<T>(body: (make: MakeBuffer) => T): Promise<T> {
    this.requireDevice();
    const buffers: GPUBuffer[] = [];
    this.device.pushErrorScope('out-of-memory');
    this.device.pushErrorScope('validation');
    const made = body((descriptor) => {
      const buffer = this.device.createBuffer(descriptor);
      buffers.push(buffer);
      return buffer;
    });
    const [invalid, none] = await Promise.all([this.device.popErrorScope(), this.device.popErrorScope()]);
    try {
      this.requireDevice();
      // Of memory first: what could not be had is not valid either.
      if (none) throw outOfMemory(none);
      if (invalid) throw refused(invalid);
      return made;
    } catch (error) {
      for (const buffer of buffers) buffer.destroy();
      // One that was made meanwhile may be none.
      this.#tables.clear();
      throw error;
    }
  }

  /** The 256 floats that bytes stand for, in the host's bits. */
  table(range: 'unit' | 'symmetric'): GPUBuffer {
    const known = this.#tables.get(range);
    if (known) return known;
    const numbers = fromPixels(
      Uint8Array.from({ length: 256 }, (_, byte) => byte),
      range,
    );
    const buffer = this.device.createBuffer({ size: 1024, usage: USAGE.storage | USAGE.copyTarget });
    this.device.queue.writeBuffer(buffer, 0, numbers.buffer);
    this.#tables.set(range, buffer);
    return buffer;
  }

  /** Frees what is shared; the device stays. */
  dispose(): void {
    for (const table of this.#tables.values()) table.destroy();
    this.#tables.clear();
    this.#pipelines.clear();
  }

  async #compile({ name, code, bindings }: Kernel): Promise<Omit<CompiledKernel, 'kernel'>> {
    const { device } = this;
    device.pushErrorScope('validation');
    const layout = device.createBindGroupLayout({ label: name, entries: bindings.map(entryOf) });
    const module = device.createShaderModule({ label: name, code });
    const scope = device.popErrorScope();
    try {
      const pipeline = await device.createComputePipelineAsync({
        label: name,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main' },
      });
      const error = await scope;
      if (error) throw new Error(error.message);
      return { pipeline, layout };
    } catch (cause) {
      await scope;
      this.requireDevice();
      const { messages } = await module.getCompilationInfo();
      const words = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`).join('; ');
      const reason = words === '' ? String(cause) : words;
      throw webgpuError('webgpu-shader', `the kernel of ${name} does not compile: ${reason}`, cause);
    }
  }
}

function outOfMemory(error: GPUError): BackendError {
  return webgpuError('webgpu-out-of-memory', `the GPU has not enough memory: ${error.message}`, error);
}

function refused(error: GPUError): BackendError {
  return webgpuError('webgpu-refused', `the GPU refused a plan: ${error.message}`, error);
}

/** Its class is a global only in browsers. */
function faultOf(error: GPUError): BackendError {
  return error.constructor.name === 'GPUOutOfMemoryError' ? outOfMemory(error) : refused(error);
}

function entryOf({ access }: Binding, binding: number): GPUBindGroupLayoutEntry {
  const type = access === 'read' ? 'read-only-storage' : 'storage';
  return { binding, visibility: COMPUTE_STAGE, buffer: { type } };
}
