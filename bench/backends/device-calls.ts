/**
 * What a step asks of a WebGPU device, seen from outside: whoever makes the calls, plans of ours or tfjs, they are counted and timed
 * by the same rule. While nobody looks, the methods are the device's own.
 */

/** Of one step. Bytes are those of calls, padding included. */
export interface DeviceCalls {
  readonly dispatches: number;
  readonly submits: number;
  readonly uploads: number;
  readonly readBacks: number;
  readonly uploadedBytes: number;
  readonly readBackBytes: number;
  readonly phases: Phases;
}

/**
 * Milliseconds of a step. `upload` is copying into the queue; `device` from the last submit until the result is there, the way to
 * the host included; `readBack` copying out of it then; `encode` everything else until the last submit, and `other` what follows.
 */
export type Phases = Readonly<Record<'upload' | 'encode' | 'device' | 'readBack' | 'other', number>>;

export const PHASES = ['upload', 'encode', 'device', 'readBack', 'other'] as const satisfies readonly (keyof Phases)[];

/** WebGPU's classes are globals, in browsers and, once the backend is loaded, in Node. */
interface Classes {
  readonly GPUQueue: { readonly prototype: GPUQueue };
  readonly GPUDevice: { readonly prototype: GPUDevice };
  readonly GPUBuffer: { readonly prototype: GPUBuffer };
  readonly GPUComputePassEncoder: { readonly prototype: GPUComputePassEncoder };
}

const MAP_READ = 1;

type Method = (this: unknown, ...args: never[]) => unknown;

/** Takes the step, and counts and times what it asks of the device. */
export async function watchStep(step: () => Promise<void>): Promise<DeviceCalls> {
  const { GPUQueue, GPUDevice, GPUBuffer, GPUComputePassEncoder } = globalThis as unknown as Classes;
  const counts = { dispatches: 0, submits: 0, uploads: 0, readBacks: 0, uploadedBytes: 0, readBackBytes: 0 };
  const spent = { upload: 0, readBack: 0 };
  let lastSubmit = 0;
  let lastMapped = 0;
  /** Buffers that the host writes into from their beginning, and those whose content it may read now. */
  const written = new WeakSet<GPUBuffer>();
  const mapped = new WeakMap<GPUBuffer, number>();
  const during = (phase: keyof typeof spent, body: () => unknown): unknown => {
    const begin = performance.now();
    const result = body();
    spent[phase] += performance.now() - begin;
    return result;
  };
  const replaced = [
    replace(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', (real) => {
      counts.dispatches++;
      return real();
    }),
    replace(GPUQueue.prototype, 'submit', (real) => {
      counts.submits++;
      const result = real();
      lastSubmit = performance.now();
      // What was read in the middle of a step is a part of what came before.
      spent.readBack = 0;
      return result;
    }),
    replace(GPUQueue.prototype, 'writeBuffer', (real, _, args) => {
      const [, , data, offset = 0, size] = args as unknown as Parameters<GPUQueue['writeBuffer']>;
      const unit = 'BYTES_PER_ELEMENT' in data ? (data as Float32Array).BYTES_PER_ELEMENT : 1;
      counts.uploads++;
      counts.uploadedBytes += size === undefined ? data.byteLength - offset * unit : size * unit;
      return during('upload', real);
    }),
    replace(GPUDevice.prototype, 'createBuffer', (real, _, [descriptor]) => {
      const buffer = real() as GPUBuffer;
      if ((descriptor as GPUBufferDescriptor).mappedAtCreation) written.add(buffer);
      return buffer;
    }),
    replace(GPUBuffer.prototype, 'mapAsync', async (real, buffer, [mode]) => {
      await real();
      if (mode !== MAP_READ) return;
      lastMapped = performance.now();
      mapped.set(buffer as GPUBuffer, lastMapped);
    }),
    replace(GPUBuffer.prototype, 'unmap', (real, target) => {
      const buffer = target as GPUBuffer;
      const since = mapped.get(buffer);
      if (since !== undefined) {
        counts.readBacks++;
        counts.readBackBytes += buffer.size;
        spent.readBack += performance.now() - since;
        mapped.delete(buffer);
      } else if (written.delete(buffer)) {
        counts.uploads++;
        counts.uploadedBytes += buffer.size;
      }
      return real();
    }),
  ];
  const begin = performance.now();
  try {
    await step();
  } finally {
    for (const restore of replaced) restore();
  }
  const all = performance.now() - begin;
  const encode = lastSubmit - begin - spent.upload;
  const device = Math.max(0, lastMapped - lastSubmit);
  const other = Math.max(0, all - encode - spent.upload - device - spent.readBack);
  return { ...counts, phases: { ...spent, encode, device, other } };
}

/** Puts a method in the place of another. @returns what puts it back. */
function replace<T extends object>(
  prototype: T,
  name: keyof T & string,
  method: (real: () => unknown, target: unknown, args: readonly never[]) => unknown,
): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  const original = descriptor.value as Method;
  Object.defineProperty(prototype, name, {
    ...descriptor,
    value: function (this: unknown, ...args: never[]): unknown {
      return method(() => original.apply(this, args), this, args);
    },
  });
  return () => Object.defineProperty(prototype, name, descriptor);
}
