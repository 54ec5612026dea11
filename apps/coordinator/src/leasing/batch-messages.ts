/** What passes between the coordinator and the thread that draws its batches ahead. */
import type { StepShape } from '@gradcast/schedule';
import type { BatchField } from '@gradcast/task';
import type { FieldArray, FieldValues } from '@gradcast/tensors';

/** A column of the data set in memory that both share, `[count, …shape]`. */
export interface SharedColumn {
  readonly values: FieldArray;
  /** Of one sample. */
  readonly shape: readonly number[];
}

/** What the thread is started with: all that a batch depends on but the step. */
export interface BatchSettings {
  readonly inputs: SharedColumn;
  readonly labels: SharedColumn | undefined;
  readonly fields: readonly BatchField[];
  readonly shape: StepShape;
  readonly seed: number;
}

/** Draw the batch of this step. */
export interface BatchRequest {
  readonly step: number;
}

export interface BatchReply {
  readonly step: number;
  /** Of all leaves, `[M m, …]`, in memory that is the receiver's. */
  readonly fields: FieldValues;
}
