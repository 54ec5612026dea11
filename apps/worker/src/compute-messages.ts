/** Messages between the worker's main thread and its compute thread. */
import type { Candidate, Gpu } from '@gradcast/backends-node';
import type { BackendProfile } from '@gradcast/engine';

/** What the thread is started with. */
export interface ComputeSettings {
  readonly candidate: Candidate;
  readonly threads: number;
  readonly gpu: Gpu | undefined;
}

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
  /** The thread cannot go on. */
  | { readonly type: 'failed'; readonly code: string; readonly sentence: string };
