/**
 * A whole step in one process, as a run takes it among many: every leaf's gradient, the tree, the verdict, the next state.
 * What a run did is computed again with it.
 */
import type { GradientEngine } from '@gradcast/task';
import type { TrainingState } from '@gradcast/optimizer';
import { gradientTree } from '@gradcast/reduction';
import type { GradientCodec } from '@gradcast/reduction';
import { globalBatch } from '@gradcast/schedule';
import type { FieldValues } from '@gradcast/tensors';
import type { Fingerprint, VectorKernels } from '@gradcast/vector';
import { advance, judge } from './step.ts';

export interface WholeStepOptions {
  /** Its parameters are loaded here. */
  readonly engine: GradientEngine;
  /** Taken to the next version. */
  readonly state: TrainingState;
  /** The fields of a range of leaves of a step. */
  readonly cut: (step: number, range: { readonly first: number; readonly count: number }) => FieldValues;
  readonly codec: GradientCodec;
  readonly kernels: VectorKernels;
}

/** How a step ended, in the words of the ledger. */
export interface WholeStep {
  readonly outcome: 'closed' | 'skipped';
  /** Fingerprint of the average; null for a step that diverged, which is skipped. */
  readonly average: Fingerprint | null;
  /** Why it diverged. */
  readonly divergence: string | undefined;
}

export async function wholeStep({ engine, state, cut, codec, kernels }: WholeStepOptions): Promise<WholeStep> {
  const { microBatch: size, microBatches: leaves } = state.task;
  const { version } = state;
  engine.load(state.replica.vectors.parameters);
  const tree = gradientTree({ start: 0, size: leaves }, { codec, step: version });
  for (let leaf = 0; leaf < leaves; leaf++) {
    const subtree = { start: leaf, size: 1 };
    const node = new Uint8Array(codec.nodeBytes);
    await engine.gradient({ size, fields: cut(version, { first: leaf, count: 1 }) }, codec.vectorFor(node));
    codec.encode(node, { step: version, subtree });
    tree.add(subtree, node);
  }
  const judged = judge(tree.total!, { codec, state, leaves });
  const samples = globalBatch({ microBatchSize: size, microBatches: leaves });
  if (judged.divergence !== undefined) {
    state.skip(samples);
    return { outcome: 'skipped', average: null, divergence: judged.divergence };
  }
  const scalars = state.stepScalars();
  const { averageFingerprint } = advance(judged, { codec, state, kernels, scalars, samples });
  return { outcome: 'closed', average: averageFingerprint, divergence: undefined };
}
