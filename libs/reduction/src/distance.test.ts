import { describe, expect, it } from 'vitest';
import { CODECS } from '@gradcast/protocol';
import type { CodecName } from '@gradcast/protocol';
import { layOut } from '@gradcast/tensors';
import { referenceKernels as kernels } from '@gradcast/vector';
import { createCodec } from './create-codec.ts';
import { DEVICE_TOLERANCE, isNear } from './distance.ts';

const parameters = layOut([
  { name: 'generator/a', shape: [256] },
  { name: 'discriminator/b', shape: [512] },
]);
const tail = layOut([
  { name: 'mean', shape: [16] },
  { name: 'loss', shape: [1] },
]);
const boundary = parameters.entries[1].offset;
const groups = [
  { name: 'larger', from: 0, to: boundary },
  { name: 'smaller', from: boundary, to: parameters.length },
];
const layout = { parameters, groups, tail };
const LOSS = parameters.length + tail.entries[1].offset;

/** @param change what the node has otherwise than the reference. */
function near(name: CodecName, change: (vector: Float32Array) => void, reference?: (vector: Float32Array) => void) {
  const codec = createCodec(name, { layout, seed: 3, kernels });
  const nodeOf = (spoil: (vector: Float32Array) => void) => {
    const vector = new Float32Array(parameters.length + tail.length);
    // The first group's gradient is far larger than the second's.
    for (let i = 0; i < vector.length; i++) vector[i] = Math.sin(i + 1) * (i < boundary ? 1 : 1e-3);
    spoil(vector);
    const node = new Uint8Array(codec.nodeBytes);
    codec.vectorFor(node).set(vector);
    codec.encode(node, { step: 1, subtree: { start: 0, size: 1 } });
    return node;
  };
  const nodes = { node: nodeOf(change), reference: nodeOf(reference ?? (() => undefined)) };
  return isNear(nodes, { codec, layout, tolerance: DEVICE_TOLERANCE[name] });
}

const scale = (from: number, to: number, factor: number) => (vector: Float32Array) => {
  for (let i = from; i < to; i++) vector[i] *= factor;
};

describe.each(CODECS)('nodes in %s', (name) => {
  it('are near if they differ as devices do', () => {
    expect(near(name, () => undefined)).toBe(true);
    expect(near(name, scale(0, parameters.length, 1.001))).toBe(true);
  });

  it.each([
    ['the larger group', 0, boundary],
    ['the smaller group', boundary, parameters.length],
    ['one statistic', LOSS, LOSS + 1],
  ])('are not if %s differs by a tenth', (_, from, to) => {
    expect(near(name, scale(from, to, 1.1))).toBe(false);
    expect(near(name, scale(from, to, -1))).toBe(false);
  });

  it('are not if one alone is finite', () => {
    const spoil = (vector: Float32Array) => (vector[LOSS] = NaN);
    expect([near(name, spoil), near(name, () => undefined, spoil), near(name, spoil, spoil)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});
