/** What is said between the run and its reduction thread. */
import type { CodecName } from '@gradcast/protocol';
import type { GradientLayout } from '@gradcast/reduction';
import type { Subtree } from '@gradcast/schedule';

/** What the thread is started with: all that decides a node's bits. */
export interface ReductionSettings {
  readonly codec: CodecName;
  readonly layout: GradientLayout;
  /** The run's. */
  readonly seed: number;
}

/** A value to add; its memory is transferred. */
export interface AddRequest {
  readonly step: number;
  /** Of the whole step. */
  readonly leaves: number;
  readonly subtree: Subtree;
  readonly node: Uint8Array;
}

/** The sum of a step whose last leaf was added; its memory is transferred. */
export interface SumReply {
  readonly step: number;
  readonly sum: Uint8Array;
  /** Milliseconds that adding took. */
  readonly ms: number;
}
