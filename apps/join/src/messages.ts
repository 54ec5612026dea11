/**
 * What the page, its session worker and the compute workers tell each other.
 *
 *     page.ts --ToSession--> session.ts --ToCompute, Limit--> compute.ts, as often as there are workers
 *             <-FromSession-            <---FromCompute------
 */
import type { RunFacts } from './run-facts.ts';

/** What the visitor lets this device do. */
export interface Settings {
  readonly workers: number;
  /** Most of a processor core that each worker takes, in (0, 1]. */
  readonly share: number;
  /** On the graphics processor, with one worker, in place of the processor. */
  readonly gpu: boolean;
}

export type ToSession =
  /** The join code of the link: what may be asked about the run from now on. */
  | { readonly type: 'open'; readonly code: string }
  /** The visitor agreed: take part. */
  | { readonly type: 'start'; readonly settings: Settings }
  | { readonly type: 'settings'; readonly settings: Settings }
  /** Stop computing, and keep what is loaded. */
  | { readonly type: 'pause' }
  /** Stop, and give memory back. */
  | { readonly type: 'leave' }
  /** The machine woke up, or the network came back. */
  | { readonly type: 'wake' }
  | { readonly type: 'visible'; readonly visible: boolean };

export type FromSession =
  | { readonly type: 'report'; readonly report: Report }
  /** A picture as PNG. */
  | { readonly type: 'samples'; readonly step: number; readonly png: ArrayBuffer };

/** Told to a compute worker beside what the protocol has for it: the most of a core that it takes. */
export interface Limit {
  readonly type: 'limit';
  readonly share: number;
}

/** Where this device is between the visitor's consent and the end of the run. */
export type Stage =
  | { readonly name: 'idle' | 'loading' | 'joining' | 'working' | 'pausing' | 'paused' }
  /** A member without work. */
  | { readonly name: 'waiting'; readonly why: 'nothing' | 'run-paused' | 'run-stopping' | 'parked' }
  | { readonly name: 'retrying'; readonly sentence: string }
  /** A member whose graphics processor is lost and asked for again. */
  | { readonly name: 'recovering'; readonly sentence: string }
  | { readonly name: 'ended'; readonly how: 'done' | 'refused' | 'dismissed' | 'failed'; readonly sentence: string };

/** What this device did since the page was opened. */
export interface Figures {
  /** Over the last 30 s. */
  readonly imagesPerSecond: number;
  readonly leavesComputed: number;
  /** As the coordinator counts them; null before it was asked. */
  readonly leavesUsed: number | null;
  readonly leavesChecked: number | null;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

export interface Report {
  readonly stage: Stage;
  /** The newest that is known of the run. */
  readonly run: RunFacts | null;
  /** Why nothing newer is known: one sentence; `isFinal` if asking again is of no use. */
  readonly trouble: { readonly sentence: string; readonly isFinal: boolean } | null;
  readonly figures: Figures;
}
