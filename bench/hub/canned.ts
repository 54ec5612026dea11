/**
 * What canned workers answer, and what follows from it: the gradient, its encoding in each codec, and the fingerprints
 * of every version of the replica.
 *
 * Invariant: no codec and no sum of equal vectors rounds the canned gradient. Its elements are whole numbers from -63 to
 * 63 times one power of two, so they fit the mantissa of each format under any scale that is a power of two, and M is
 * one. The average of a step is therefore the canned gradient itself, whatever N, M, the codec and the cut of the leases, and one trajectory,
 * computed before anything is measured, holds for all of them.
 */
import type { GanTask, PresetName } from '@gradcast/gan';
import { TrainingState } from '@gradcast/optimizer';
import type { CodecName } from '@gradcast/protocol';
import { createCodec } from '@gradcast/reduction';
import { selectKernels } from '@gradcast/vector';

/** A run whose course is known. */
export interface CannedRun {
  readonly preset: PresetName;
  readonly microBatchSize: number;
  readonly seed: number;
  readonly codec: CodecName;
  /** Of the replica, by version. */
  readonly fingerprints: readonly string[];
  /** Versions from and to which is measured. */
  readonly begin: number;
  readonly end: number;
}

/** Keeps the norm near that of a real gradient. */
const UNIT = 2 ** -14;
const LARGEST = 63;

/** The canned gradient of a model; the padding between tensors is zero. */
function cannedGradient(model: GanTask): Float32Array {
  const gradient = new Float32Array(model.parameters.length);
  for (const { offset, size } of model.parameters.entries) {
    for (let index = offset; index < offset + size; index++) {
      const spread = Math.imul(index + 1, 0x9e3779b1) >>> 8;
      gradient[index] = ((spread % (2 * LARGEST + 1)) - LARGEST) * UNIT;
    }
  }
  return gradient;
}

export interface CannedPayloads {
  /** Bytes of an average's payload, and of a result's. */
  readonly averageBytes: number;
  readonly resultBytes: number;
  /** The payload of a subtree of so many leaves. */
  readonly result: (size: number) => Uint8Array;
}

/** Encodes the canned gradient of a model. */
export function cannedPayloads(
  model: GanTask,
  { codec: name, seed }: { readonly codec: CodecName; readonly seed: number },
): CannedPayloads {
  const gradient = cannedGradient(model);
  const codec = createCodec(name, { layout: model, seed, kernels: selectKernels() });
  return {
    averageBytes: codec.averageBytes,
    resultBytes: codec.nodeBytes,
    result: (size) => {
      const node = new Uint8Array(codec.nodeBytes);
      const vector = codec.vectorFor(node).fill(0);
      vector.set(gradient.map((value) => value * size));
      codec.encode(node, { step: 0, subtree: { start: 0, size } });
      return node;
    },
  };
}

/** Fingerprints of the replica at versions 0 to `versions`, each step taken with the canned gradient. */
export function trajectory(
  model: GanTask,
  { seed, versions }: { readonly seed: number; readonly versions: number },
): readonly string[] {
  const state = TrainingState.initial({ task: model, kernels: selectKernels() }, seed);
  const average = cannedGradient(model);
  const tail = new Float32Array(model.tail.length);
  const fingerprints = [state.replica.fingerprint];
  while (state.version < versions) {
    state.advance({ average, tail, scalars: state.stepScalars(), norm: 1, samples: 1 });
    fingerprints.push(state.replica.fingerprint);
  }
  return fingerprints;
}
