/** Adds vectors that lie on a device, there and with the host's bits, or not at all. */
import { MAP_READ, USAGE } from './context.ts';
import type { CompiledKernel, DeviceContext } from './context.ts';
import { addsAsHost } from './sum-check.ts';
import { webgpuError } from './webgpu-error.ts';
import { addKernel, addWorkgroups } from './wgsl/add.ts';

/** One addition, bound to its vectors. */
export interface Addition {
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

export class DeviceAdder {
  readonly #context: DeviceContext;
  readonly #compiled: CompiledKernel;

  private constructor(context: DeviceContext, compiled: CompiledKernel) {
    this.#context = context;
    this.#compiled = compiled;
  }

  /**
   * Tests the device first.
   *
   * @param kernel what adds, for tests: another one.
   * @throws BackendError `webgpu-sums-differ` if the device's sums have other bits than the host's, `webgpu-shader`,
   *   `webgpu-out-of-memory`, `webgpu-refused`, `webgpu-device-lost`.
   */
  static async create(context: DeviceContext, kernel = addKernel): Promise<DeviceAdder> {
    const adder = new DeviceAdder(context, await context.compiled({ ...kernel, workgroups: [1, 1, 1] }));
    if (await addsAsHost((left, right) => adder.#sum(left, right))) return adder;
    throw webgpuError('webgpu-sums-differ', 'sums of the GPU have other bits than those of the host');
  }

  /** `into += from`, of as many elements as the buffers have. */
  bind(into: GPUBuffer, from: GPUBuffer): Addition {
    const buffers = [into, from];
    const group = this.#context.device.createBindGroup({
      layout: this.#compiled.layout,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    return { group, workgroups: addWorkgroups(into.size / Float32Array.BYTES_PER_ELEMENT) };
  }

  /** Additions in order, each after what was encoded before it. */
  encode(encoder: GPUCommandEncoder, additions: readonly Addition[]): void {
    const pass = encoder.beginComputePass({ label: 'sum of leaves' });
    pass.setPipeline(this.#compiled.pipeline);
    for (const { group, workgroups } of additions) {
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
  }

  /** The sum of two of the host's vectors. */
  async #sum(left: Float32Array<ArrayBuffer>, right: Float32Array<ArrayBuffer>): Promise<Float32Array> {
    const { device } = this.#context;
    const size = left.byteLength;
    const usage = USAGE.storage | USAGE.copyTarget | USAGE.copySource;
    const [into, from, staging] = await this.#context.allocate((make) => [
      make({ size, usage }),
      make({ size, usage }),
      make({ size, usage: USAGE.mapRead | USAGE.copyTarget }),
    ]);
    try {
      device.queue.writeBuffer(into, 0, left);
      device.queue.writeBuffer(from, 0, right);
      const encoder = device.createCommandEncoder({ label: 'test of sums' });
      this.encode(encoder, [this.bind(into, from)]);
      encoder.copyBufferToBuffer(into, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(MAP_READ);
      return new Float32Array(staging.getMappedRange().slice(0));
    } finally {
      for (const buffer of [into, from, staging]) buffer.destroy();
    }
  }
}
