/**
 * A device without a GPU: it holds buffers up to a limit, notes what it is asked for, and fails when a test says so. Its result of a
 * plan is the sum of all parameters, then that of the batch's bytes. It adds no vectors: who asks it to gets the left one.
 */

class Fault {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

class GPUValidationError extends Fault {}

class GPUOutOfMemoryError extends Fault {}

class FakeBuffer {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly #device: FakeDevice;
  readonly label: string;
  readonly isValid: boolean;
  isDestroyed = false;

  constructor(device: FakeDevice, { label = '', size }: GPUBufferDescriptor, isValid: boolean) {
    this.#device = device;
    this.label = label;
    this.isValid = isValid;
    this.memory = new Uint8Array(isValid ? size : 0);
  }

  mapAsync(): Promise<void> {
    return this.#device.isLost ? Promise.reject(new DOMException('lost', 'AbortError')) : Promise.resolve();
  }

  getMappedRange(): ArrayBuffer {
    return this.memory.buffer;
  }

  unmap(): void {}

  destroy(): void {
    this.isDestroyed = true;
  }
}

interface Command {
  readonly from: FakeBuffer;
  readonly to: FakeBuffer;
}

export class FakeDevice {
  readonly limits = { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 30 };
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly buffers: FakeBuffer[] = [];
  /** Bytes that all buffers together may have. */
  capacity = Infinity;
  isLost = false;
  /** Called with each submit, before anything is computed. */
  submitted: () => void = () => {};
  #lose!: (info: { readonly reason: string; readonly message: string }) => void;
  readonly #scopes: { readonly filter: string; fault: Fault | null }[] = [];
  #listener: (event: { readonly error: Fault }) => void = () => {};

  constructor() {
    this.lost = new Promise((resolve) => (this.#lose = resolve));
  }

  /** As what it stands for. */
  get gpu(): GPUDevice {
    return this as unknown as GPUDevice;
  }

  lose(message: string, reason = 'unknown'): void {
    this.isLost = true;
    this.#lose({ reason, message });
  }

  destroy(): void {
    this.lose('the device was destroyed', 'destroyed');
  }

  complain(kind: 'validation' | 'out-of-memory', message: string): void {
    const fault = kind === 'validation' ? new GPUValidationError(message) : new GPUOutOfMemoryError(message);
    const scope = this.#scopes.findLast(({ filter }) => filter === kind);
    if (scope) scope.fault ??= fault;
    else this.#listener({ error: fault });
  }

  /** Bytes of buffers that were not destroyed. */
  get held(): number {
    const live = this.buffers.filter(({ isDestroyed }) => !isDestroyed);
    return live.reduce((sum, { memory }) => sum + memory.byteLength, 0);
  }

  addEventListener(_: string, listener: (event: { readonly error: Fault }) => void): void {
    this.#listener = listener;
  }

  pushErrorScope(filter: string): void {
    this.#scopes.push({ filter, fault: null });
  }

  popErrorScope(): Promise<Fault | null> {
    const { fault } = this.#scopes.pop()!;
    return Promise.resolve(this.isLost ? null : fault);
  }

  createBuffer(descriptor: GPUBufferDescriptor): FakeBuffer {
    const isValid = this.held + descriptor.size <= this.capacity;
    if (!isValid) this.complain('out-of-memory', `no room for ${descriptor.size} bytes`);
    const buffer = new FakeBuffer(this, descriptor, isValid);
    this.buffers.push(buffer);
    return buffer;
  }

  createBindGroup({
    entries,
  }: {
    readonly entries: readonly { readonly resource: { readonly buffer: FakeBuffer } }[];
  }) {
    const buffers = entries.map(({ resource }) => resource.buffer);
    if (buffers.some(({ isValid }) => !isValid)) this.complain('validation', 'a buffer is invalid');
    return { buffers };
  }

  createBindGroupLayout(): object {
    return {};
  }

  createShaderModule(): object {
    return {};
  }

  createPipelineLayout(): object {
    return {};
  }

  createComputePipelineAsync(): Promise<object> {
    return Promise.resolve({});
  }

  createCommandEncoder() {
    const commands: Command[] = [];
    const seen = new Set<FakeBuffer>();
    return {
      beginComputePass: () => ({
        setPipeline: () => {},
        setBindGroup: (_: number, { buffers }: { readonly buffers: readonly FakeBuffer[] }) => {
          for (const buffer of buffers) seen.add(buffer);
        },
        dispatchWorkgroups: () => {},
        end: () => {},
      }),
      copyBufferToBuffer: (from: FakeBuffer, _: number, to: FakeBuffer) => void commands.push({ from, to }),
      finish: () => ({ commands, seen }),
    };
  }

  readonly queue = {
    writeBuffer: (
      buffer: FakeBuffer,
      at: number,
      data: ArrayBuffer | Uint8Array,
      offset = 0,
      size = data.byteLength - offset,
    ) => {
      if (!buffer.isValid) return this.complain('validation', 'a buffer is invalid');
      const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
      if (!this.isLost) buffer.memory.set(bytes.subarray(offset, offset + size), at);
    },
    submit: ([{ commands, seen }]: readonly {
      readonly commands: readonly Command[];
      readonly seen: Set<FakeBuffer>;
    }[]) => {
      this.submitted();
      if (this.isLost) return;
      const named = (name: string) => [...seen].find(({ label }) => label === name)?.memory;
      const [parameters, batch] = [named('parameters'), named('batch')];
      for (const { from, to } of commands) {
        if (parameters && batch) {
          const floats = new Float32Array(from.memory.buffer);
          floats[0] = new Float32Array(parameters.buffer).reduce((sum, value) => sum + value, 0);
          floats[1] = batch.reduce((sum, value) => sum + value, 0);
        }
        to.memory.set(from.memory.subarray(0, to.memory.length));
      }
    },
    onSubmittedWorkDone: () => Promise.resolve(),
  };
}
