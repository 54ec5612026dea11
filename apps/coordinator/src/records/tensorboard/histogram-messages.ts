/** What passes between the coordinator and the thread that counts for histograms. */
import type { TensorEntry } from '@gradcast/tensors';

/** What the thread is started with: where each tensor lies in a flat vector. */
export interface HistogramSettings {
  readonly entries: readonly TensorEntry[];
}

/** A step's vectors, in memory of the thread's own. */
export interface HistogramRequest {
  readonly time: number;
  readonly step: number;
  readonly weights: Float32Array<ArrayBuffer>;
  readonly gradient: Float32Array<ArrayBuffer>;
}

/** A record for the event file. */
export type HistogramReply = Uint8Array;
