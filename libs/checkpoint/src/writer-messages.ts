/** What the run's thread and the checkpoint thread say to each other. */
import type { Checkpoint, WrittenCheckpoint } from './checkpoint.ts';
import type { CheckpointErrorCode } from './errors.ts';

/** Write this state, then forget all but the newest `keepLast` and what `anchorEvery` keeps: see `Checkpoints.keepLast`. */
export interface SaveRequest {
  readonly id: number;
  readonly folder: string;
  readonly keepLast: number;
  readonly anchorEvery?: number | undefined;
  readonly checkpoint: Checkpoint;
}

/** A state is on disk. */
export interface SavedCheckpoint extends WrittenCheckpoint {
  /** Steps whose checkpoints were removed after this one was safe. */
  readonly removed: readonly number[];
  /** How long hashing, writing and pruning took. */
  readonly seconds: number;
}

/** The answer to one request. */
export type SaveReply =
  | { readonly kind: 'saved'; readonly id: number; readonly saved: SavedCheckpoint }
  | { readonly kind: 'failed'; readonly id: number; readonly code: CheckpointErrorCode; readonly message: string };
