import { afterEach, expect, test, vi } from 'vitest';
import { watchStep } from './device-calls.ts';

afterEach(() => void vi.unstubAllGlobals());

/** A device whose calls do nothing. */
function fakeDevice(): { readonly device: GPUDevice; readonly pass: GPUComputePassEncoder } {
  class GPUQueue {
    submit() {
      return undefined;
    }
    writeBuffer() {
      return undefined;
    }
  }
  class GPUBuffer {
    readonly size: number;
    constructor(size: number) {
      this.size = size;
    }
    mapAsync() {
      return Promise.resolve();
    }
    unmap() {
      return undefined;
    }
  }
  class GPUDevice {
    readonly queue = new GPUQueue();
    createBuffer({ size }: GPUBufferDescriptor) {
      return new GPUBuffer(size);
    }
  }
  class GPUComputePassEncoder {
    dispatchWorkgroups() {
      return undefined;
    }
  }
  const classes = { GPUQueue, GPUBuffer, GPUDevice, GPUComputePassEncoder };
  for (const [name, each] of Object.entries(classes)) vi.stubGlobal(name, each);
  return { device: new GPUDevice() as never, pass: new GPUComputePassEncoder() as never };
}

test('counts what a step asks of a device, and nothing afterwards', async () => {
  const { device, pass } = fakeDevice();
  const buffer = device.createBuffer({ size: 64, usage: 0 });
  const step = async () => {
    device.queue.writeBuffer(buffer, 0, new ArrayBuffer(24), 4);
    device.queue.writeBuffer(buffer, 0, new Float32Array(8), 2);
    device.queue.writeBuffer(buffer, 0, new ArrayBuffer(64), 8, 16);
    device.createBuffer({ size: 12, usage: 0, mappedAtCreation: true }).unmap();
    for (let i = 0; i < 3; i++) pass.dispatchWorkgroups(1);
    device.queue.submit([]);
    await buffer.mapAsync(1);
    buffer.unmap();
  };
  const { phases, ...counts } = await watchStep(step);
  expect(counts).toEqual({
    dispatches: 3,
    submits: 1,
    uploads: 4,
    readBacks: 1,
    uploadedBytes: 20 + 24 + 16 + 12,
    readBackBytes: 64,
  });
  for (const ms of Object.values(phases)) expect(ms).toBeGreaterThanOrEqual(0);
  const twice = await watchStep(async () => {
    for (let i = 0; i < 3; i++) await step();
  });
  expect(twice.readBacks).toBe(3);
  for (const ms of Object.values(twice.phases)) expect(ms).toBeGreaterThanOrEqual(0);
  expect(await watchStep(() => Promise.resolve())).toMatchObject({ dispatches: 0, submits: 0, uploads: 0 });
});

test('puts the methods back when a step fails', async () => {
  const { device } = fakeDevice();
  const ownOf = () => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(device.queue), 'submit')?.value as unknown;
  const own = ownOf();
  const failing = watchStep(() => {
    expect(ownOf()).not.toBe(own);
    return Promise.reject(new Error('gone'));
  });
  await expect(failing).rejects.toThrow('gone');
  expect(ownOf()).toBe(own);
});
