/** Messages between a worker's main thread and its compute thread, in any runtime that has threads. */
import type { BackendProfile, DeviceEvent } from '@gradcast/engine';

export type ToCompute =
  /** A frame from the coordinator; its memory is the thread's. */
  { readonly type: 'frame'; readonly bytes: Uint8Array<ArrayBuffer> } | { readonly type: 'disconnected' };

export type FromCompute =
  | { readonly type: 'loaded'; readonly profile: BackendProfile }
  /** A frame for the coordinator; its memory is the receiver's. */
  | { readonly type: 'frame'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'measured'; readonly computeMs: number; readonly images: number }
  /** So many frames were taken in, and nothing is left to do. */
  | { readonly type: 'idle'; readonly taken: number }
  /** Something became of the device. */
  | { readonly type: 'device'; readonly event: DeviceEvent }
  /** The thread cannot go on. */
  | { readonly type: 'failed'; readonly code: string; readonly sentence: string };
