/**
 * The compute thread's side, in any runtime: it alone owns the replica and the device. Messages are handled in order, and
 * while a micro-batch is computed only this thread waits for it.
 */
import type { BackendProfile, DeviceEvent } from '@gradcast/engine';
import type { Trainable } from '@gradcast/network';
import type { GradientEngine, TaskIdentity } from '@gradcast/task';
import type { VectorKernels } from '@gradcast/vector';
import type { FromCompute, ToCompute } from './compute-messages.ts';
import { Trainer } from './trainer.ts';

/** A thread's line to its parent. */
export interface ComputePort {
  /** Tells the parent; the buffers listed are the parent's from then on. */
  post(message: FromCompute, transfer: ArrayBuffer[]): void;
  /** Calls back with each message in the order they came, from now on. */
  listen(take: (message: ToCompute) => void): void;
  /** Resolves after the messages that have already arrived were handed to the listener. */
  takeArrived(): Promise<void>;
  /** Whether `takeArrived` rests, to keep to a share of the device; never, if it is not there. */
  rests?(): boolean;
}

/** What the thread computes with. */
export interface ComputeDevice {
  readonly profile: BackendProfile;
  /** The task that a run trains, or undefined if it is not known here; throws for a file that is not the run's. */
  readonly findTask: (identity: TaskIdentity) => Trainable | undefined;
  readonly createEngine: (task: Trainable) => GradientEngine | Promise<GradientEngine>;
  /** Kernels that have room for vectors of these lengths where they are fastest. */
  readonly createKernels: (reserve: readonly number[]) => VectorKernels;
  /** Hexadecimal SHA-256. */
  readonly sha256: (bytes: Uint8Array) => Promise<string>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Makes a device ready; what becomes of it later it tells. */
export type LoadDevice = (tell: (event: DeviceEvent) => void) => Promise<ComputeDevice>;

/** Loads a device and computes for the parent from then on; a failure is told, not thrown. */
export async function serveCompute(port: ComputePort, load: LoadDevice): Promise<void> {
  try {
    const device = await load((event) => port.post({ type: 'device', event }, []));
    serve(port, device);
    port.post({ type: 'loaded', profile: device.profile }, []);
  } catch (error) {
    tellFailure(port, error);
  }
}

function serve(port: ComputePort, { findTask, createEngine, createKernels, sha256, now }: ComputeDevice): void {
  let taken = 0;
  const trainer = new Trainer({
    task: findTask,
    createEngine: async (task) => createEngine(task),
    send: (bytes) => port.post({ type: 'frame', bytes }, [bytes.buffer]),
    sha256,
    now,
    yield: () => port.takeArrived(),
    rests: () => port.rests?.() ?? false,
    measured: (computeMs, images) => port.post({ type: 'measured', computeMs, images }, []),
    idle: () => port.post({ type: 'idle', taken }, []),
    createKernels,
  });
  port.listen((message) => {
    if (message.type === 'disconnected') return trainer.disconnected();
    taken += 1;
    trainer.receive(message.bytes).catch((error: unknown) => tellFailure(port, error));
  });
}

/** In one sentence with what to do about it, where the error says that. */
function tellFailure(port: ComputePort, error: unknown): void {
  const { code, message, remedy } = error as Error & { code?: unknown; remedy?: unknown };
  const sentence = typeof remedy === 'string' ? `${message}; ${remedy}` : message;
  port.post({ type: 'failed', code: typeof code === 'string' ? code : 'compute-failed', sentence }, []);
}
