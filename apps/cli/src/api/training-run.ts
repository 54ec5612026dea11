/** What a program has of a run that it started. */
import type { NumberedEvent, Progress, Summary } from '@gradcast/config';

/** What happens in a run: numbered events, where it stands, and sentences for people. */
export type TrainingEvent =
  NumberedEvent | ({ readonly type: 'progress' } & Progress) | { readonly type: 'notice'; readonly sentence: string };

/** A run that goes on. */
export interface TrainingRun {
  /** Path of the run's folder. */
  readonly folder: string;
  /** Where workers of other machines may join; null if the run had nothing left to do. */
  readonly url: string | null;
  /** Where Prometheus may ask; null if the run had nothing left to do. */
  readonly metricsUrl: string | null;
  /** The link by which browser tabs join, with its secret; null if none may, or the run had nothing left to do. */
  readonly joinUrl: string | null;
  /**
   * What happens, from the run's start to its end. Any number of loops may read; the newest 4096 are kept for them. Throws
   * what `summary` is rejected with.
   */
  readonly events: AsyncIterable<TrainingEvent>;
  /**
   * Pauses the run once its open step has closed, and resolves then. A paused run has a checkpoint.
   *
   * @throws GradcastError `run-ended` if it ends first, `pause-withdrawn` if it is resumed first.
   */
  pause(): Promise<void>;
  /**
   * Lets a paused run go on.
   *
   * @throws GradcastError `run-ended`.
   */
  resume(): Promise<void>;
  /** Stops with a checkpoint, as Ctrl-C does, and resolves with the summary; so does a second call. */
  stop(): Promise<Summary>;
  /**
   * What the run came to, whatever its status. Rejected with a GradcastError if there is nothing to sum up, and then `code` is
   * the command's own.
   */
  readonly summary: Promise<Summary>;
}
