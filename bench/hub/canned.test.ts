import { ganTask, presets } from '@gradcast/gan';
import { CODECS } from '@gradcast/protocol';
import { createCodec } from '@gradcast/reduction';
import { selectKernels } from '@gradcast/vector';
import { expect, test } from 'vitest';
import { cannedPayloads, trajectory } from './canned.ts';

const model = ganTask({ ...presets.dcgan, microBatch: 16 });

test.each(CODECS)('sums of %s payloads are those of larger subtrees, to the bit', (name) => {
  const { result, resultBytes, averageBytes } = cannedPayloads(model, { codec: name, seed: 1 });
  const codec = createCodec(name, { layout: model, seed: 1, kernels: selectKernels() });
  const sum = codec.combine(result(1), result(1), { step: 0, subtree: { start: 0, size: 2 } });
  expect(Buffer.from(sum).equals(Buffer.from(result(2)))).toBe(true);
  expect([sum.byteLength, averageBytes]).toEqual([resultBytes, codec.averageBytes]);
});

test('a trajectory has a fingerprint for each version, none of them twice', () => {
  const fingerprints = trajectory(model, { seed: 1, versions: 3 });
  expect(new Set(fingerprints).size).toBe(4);
});
