/** The state between two steps. While a step is taken there is none. */
import type { Fingerprint } from '@gradcast/vector';

/** The state that joiners take and results are checked against. */
export interface CommittedState {
  readonly version: number;
  readonly fingerprint: Fingerprint;
  /** Parameters, then the optimizer's vectors. */
  readonly vectors: readonly Float32Array[];
  /** Largest norm that the mean gradient may have. */
  readonly normBound: number;
  /** Norm beyond which a result is computed once more; undefined before the first step. */
  readonly suspectNorm: number | undefined;
}
