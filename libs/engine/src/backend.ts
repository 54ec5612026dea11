/** What loading a backend yields, whichever it is: everything the engine needs to compute gradients on it. */
import type { Compile, Kernels, Trainable } from '@gradcast/network';
import type { GradientEngine } from '@gradcast/task';
import type { BackendError } from './backend-error.ts';

/**
 * The facts that two workers must share before they can be expected to compute the same bits; they are compared as
 * they stand here and shown to people.
 */
export interface BackendProfile {
  /** The name under which tfjs-core knows it, such as `wasm`. */
  readonly backend: string;
  /** Version of the library that computes, e.g. `2.21.0` of libtensorflow or `4.22.0` of tfjs-backend-wasm. */
  readonly libraryVersion: string;
  /** `cpu`, `cuda:NAME`, `gpu:NAME` or `software:NAME`. */
  readonly device: string;
  /** Threads inside one kernel (intra-op), as they are, not as they were asked for. */
  readonly threads: number;
  /** Instruction sets or device features that choose between kernels. */
  readonly features: string;
  /** Whether a step runs op by op, as graphs, as a plan, or as one function on the device, without XLA or with it. */
  readonly mode: 'eager' | 'graph' | 'plan' | 'function' | 'function-xla';
}

/** What becomes of a device while it computes; the sentence is for people, a clause without its full stop. */
export interface DeviceEvent {
  /**
   * It is gone and asked for again, it is there again, it is full and used more sparingly from now on, it is timed before it is
   * used, or it adds no leaves, so they come up one by one.
   */
  readonly kind: 'lost' | 'back' | 'full' | 'tuning' | 'singly';
  readonly sentence: string;
  /** Of the refusal behind it, e.g. `webgpu-sums-differ`, where there is one. */
  readonly code?: string;
}

/** A backend that is ready, and current in tfjs-core unless it says that it has to be registered there. */
export interface LoadedBackend {
  /** The name under which tfjs-core knows it. */
  readonly name: string;
  readonly kernels: Kernels;
  /**
   * Registers it with tfjs-core and makes it current there, where loading did not: an engine of the backend's own may need none
   * of that. Whoever uses `kernels` or makes a tensor calls it first, as often as it likes.
   */
  readonly register?: () => Promise<void>;
  /** A product on the device, for a trial of one that is not registered: two matrices of [2, 2], row by row. */
  readonly multiply?: (a: Float32Array, b: Float32Array) => Promise<Float32Array>;
  /** Why the device does not add the leaves of a lease, undefined if it does, for a trial; absent where no backend of its kind does. */
  readonly sumRefusal?: () => Promise<BackendError | undefined>;
  /** Whether parameters go up from pinned memory, for a trial; undefined where nothing can tell. Absent without a bus to cross. */
  readonly uploadsPinned?: () => boolean | undefined;
  /** How the parts of a step become graphs; without it they run as they are written. */
  readonly compile?: Compile;
  /** An engine of the backend's own, for tasks that it has one for; for all others its kernels are used. */
  readonly engineOf?: (task: Trainable) => GradientEngine | undefined;
  readonly profile: BackendProfile;
}
