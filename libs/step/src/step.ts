/**
 * What becomes of a step's sum, in two functions with the broadcast between them. The coordinator's round and `replay` both go
 * through here: a second copy that drifts would break the promise that a run can be computed again.
 *
 *     root of the tree --judge--> mean, norms, verdict --(broadcast)--> advance --> the state at the next version
 *
 * Invariant: both are functions of the sum and the state at its version alone.
 */
import type { Numbers, TrainingState } from '@gradcast/optimizer';
import type { AverageNorms, GradientCodec } from '@gradcast/reduction';
import type { Fingerprint, VectorKernels } from '@gradcast/vector';

/** What a step's sum comes to, and whether it may be applied. */
export interface Judged {
  /** Norms of the mean gradient before it was clipped. */
  readonly norms: AverageNorms;
  /** The mean tail. */
  readonly tail: Float32Array;
  /** The mean gradient as it is broadcast, clipped: encoded once, in memory of its own with room for a frame's header. */
  readonly encoded: Uint8Array;
  /** Why the step must not be applied, as one sentence; undefined if it may be. */
  readonly divergence: string | undefined;
}

/** What applying a step measured. */
export interface Advanced {
  /** Of the averaged gradient as every replica decodes it. */
  readonly averageFingerprint: Fingerprint;
  /** The averaged gradient as every replica decodes it; good until what it was decoded from is freed. */
  readonly average: Float32Array;
  /** Whether the norm was so large that the running mean of the norms was told less. */
  readonly normClipped: boolean;
}

/**
 * Sum to mean, its norms and the verdict.
 *
 * @param root the root of the step's tree over `leaves` leaves, in the codec's form; its memory is taken over.
 * @param state at the step's version; not changed.
 */
export function judge(
  root: Uint8Array,
  { codec, state, leaves }: { codec: GradientCodec; state: TrainingState; leaves: number },
): Judged {
  const { norms, tail, encoded } = codec.mean(root, {
    leaves,
    step: state.version,
    clipNorm: state.task.clipNorm,
  });
  return { norms, tail, encoded, divergence: state.divergence({ norms, tail }) };
}

/**
 * The step that every replica takes, with what they decode, and what only the whole state has: moving average, running
 * statistics, scalars.
 *
 * @param scalars from `state.stepScalars()` before the step, as they were broadcast.
 * @param samples of the step, B.
 */
export function advance(
  { encoded, tail, norms }: Judged,
  {
    codec,
    state,
    kernels,
    scalars,
    samples,
  }: { codec: GradientCodec; state: TrainingState; kernels: VectorKernels; scalars: Numbers; samples: number },
): Advanced {
  const average = codec.decodeAverage(encoded);
  const { normClipped } = state.advance({ average, tail, scalars, norm: norms.norm, samples });
  return { averageFingerprint: kernels.fingerprint([average]), average, normClipped };
}
