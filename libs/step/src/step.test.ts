import { ganTask, tinyPresets } from '@gradcast/gan';
import { optimizerOf, Replica, stateBytes, TrainingState } from '@gradcast/optimizer';
import { createCodec } from '@gradcast/reduction';
import { referenceKernels as kernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import { advance, judge } from './step.ts';

const LEAVES = 4;
const SAMPLES = 64;
const model = ganTask(tinyPresets.sigmoid);
const options = { task: model, kernels };

/** The root of a step's tree: sums over all leaves. */
function root(codecName: 'f32' | 'int8', value: (i: number) => number) {
  const codec = createCodec(codecName, { layout: model, seed: 7, kernels });
  const node = new Uint8Array(codec.nodeBytes);
  const vector = codec.vectorFor(node);
  vector.fill(0);
  for (const { offset, size } of model.parameters.entries) {
    for (let i = offset; i < offset + size; i++) vector[i] = LEAVES * value(i);
  }
  codec.encode(node, { step: 0, subtree: { start: 0, size: LEAVES } });
  return { codec, node };
}

describe.each(['f32', 'int8'] as const)('a step in %s', (codecName) => {
  it('leads the whole state to where a replica gets by the broadcast average', () => {
    const { codec, node } = root(codecName, (i) => ((i % 11) - 5) / 64);
    const state = TrainingState.initial(options, 5);
    const optimizer = optimizerOf(model.optimizer);
    const replica = new Replica(state.replica.vectors, { version: 0, optimizer, kernels });

    const judged = judge(node, { codec, state, leaves: LEAVES });
    expect(judged.divergence).toBeUndefined();
    const scalars = state.stepScalars();
    const received = codec.decodeAverage(judged.encoded.slice()).slice();
    replica.advance(received, scalars);
    const { averageFingerprint } = advance(judged, { codec, state, kernels, scalars, samples: SAMPLES });

    expect(averageFingerprint).toBe(kernels.fingerprint([received]));
    expect(state.replica.fingerprint).toBe(replica.fingerprint);
    expect([state.version, state.position]).toEqual([1, SAMPLES]);
  });

  it('that diverged is told from its sum, and changes nothing', () => {
    const { codec, node } = root(codecName, (i) => (i === 3 ? NaN : 0.1));
    const state = TrainingState.initial(options, 5);
    const before = stateBytes(state.vectors).map((bytes) => bytes.slice());
    expect(judge(node, { codec, state, leaves: LEAVES }).divergence).toMatch(/step 1 is not finite/);
    expect(stateBytes(state.vectors)).toEqual(before);
  });
});
