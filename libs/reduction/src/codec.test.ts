import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignedSubtrees } from '@gradcast/schedule';
import type { Subtree } from '@gradcast/schedule';
import { CODECS } from '@gradcast/protocol';
import type { CodecName } from '@gradcast/protocol';
import { layOut } from '@gradcast/tensors';
import { referenceKernels as kernels } from '@gradcast/vector';
import { measureGradient } from './average.ts';
import { createCodec } from './create-codec.ts';
import { gradientTree } from './gradient-tree.ts';

/** Tensors of one element, of less than a block, of a block and one more, and of an odd number of blocks. */
const parameters = layOut([
  { name: 'generator/a', shape: [1] },
  { name: 'generator/b', shape: [257] },
  { name: 'discriminator/c', shape: [600] },
  { name: 'discriminator/d', shape: [17] },
]);
const tail = layOut([{ name: 'loss', shape: [3] }]);
const groups = [
  { name: 'generator', from: 0, to: parameters.entries[2].offset },
  { name: 'discriminator', from: parameters.entries[2].offset, to: parameters.length },
];
const layout = { parameters, groups, tail };
const LENGTH = parameters.length + tail.length;
const LEAVES = 8;
const STEP = 5;
const shape = { parameters: parameters.length, groups };

const codecOf = (name: CodecName, seed = 11) => createCodec(name, { layout, seed, kernels });

/** Gradients as they are: magnitudes differ by tensor and element, padding is zero. */
function gradientOf(leaf: number, scale = 1): Float32Array {
  const vector = new Float32Array(LENGTH);
  const fill = (offset: number, size: number, factor: number) => {
    for (let i = 0; i < size; i++)
      vector[offset + i] = (((leaf * 37 + i * 11 + 1) % 101) - 50) * factor * 3 ** -(i % 9);
  };
  for (const [index, { offset, size }] of parameters.entries.entries()) fill(offset, size, scale * 10 ** -(2 * index));
  for (const { offset, size } of tail.entries) fill(parameters.length + offset, size, 1 / 3);
  return vector;
}

function leafNode(name: CodecName, leaf: number, vector = gradientOf(leaf)): Uint8Array {
  const codec = codecOf(name);
  const node = new Uint8Array(codec.nodeBytes);
  codec.vectorFor(node).set(vector);
  codec.encode(node, { step: STEP, subtree: { start: leaf, size: 1 } });
  return node;
}

/** Adds leaves [first, first + count) as a worker does, one node per aligned subtree. */
function upload(name: CodecName, first: number, count: number): { subtree: Subtree; node: Uint8Array }[] {
  return alignedSubtrees({ first, count }).map((subtree) => {
    const sum = gradientTree(subtree, { codec: codecOf(name), step: STEP });
    for (let leaf = subtree.start; leaf < subtree.start + subtree.size; leaf++) {
      sum.add({ start: leaf, size: 1 }, leafNode(name, leaf));
    }
    return { subtree, node: sum.total! };
  });
}

/** The plain float32 tree. */
function exactSum({ start, size }: Subtree): Float32Array {
  if (size === 1) return gradientOf(start);
  const left = exactSum({ start, size: size / 2 });
  kernels.add(left, exactSum({ start: start + size / 2, size: size / 2 }));
  return left;
}

/** Gradient and tail of a node, through what a step makes of a root of one leaf. */
function decode(name: CodecName, node: Uint8Array): Float32Array {
  const codec = codecOf(name);
  const { encoded, tail: last } = codec.mean(node.slice(), { leaves: 1, step: STEP });
  return Float32Array.of(...codec.decodeAverage(encoded), ...last);
}

/** Largest error, in each tensor, relative to the tensor's largest element. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  return Math.max(
    ...parameters.entries.map(({ offset, size }) => {
      const part = (vector: Float32Array) => [...vector.subarray(offset, offset + size)];
      const largest = Math.max(...part(expected).map(Math.abs));
      return Math.max(...part(actual).map((value, i) => Math.abs(value - part(expected)[i]))) / largest;
    }),
  );
}

/** What each codec may lose over the three levels of eight leaves, relative to a tensor's largest element. */
const TOLERANCE: Record<CodecName, number> = { f32: 0, f16: 2e-3, bf16: 2e-2, int8: 6e-2 };

describe.each(CODECS)('codec %s', (name) => {
  it('gives a node the same bytes however its leaves were cut into leases and in whatever order they came', () => {
    const [{ node: whole }] = upload(name, 0, LEAVES);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: LEAVES - 1 })),
        fc.infiniteStream(fc.nat(100)),
        (cuts, order) => {
          const bounds = [0, ...cuts.sort((a, b) => a - b), LEAVES];
          const parts = bounds.slice(1).flatMap((end, i) => upload(name, bounds[i], end - bounds[i]));
          const keyed = parts.map((part) => ({ part, key: order.next().value as number }));
          const sum = gradientTree({ start: 0, size: LEAVES }, { codec: codecOf(name), step: STEP });
          for (const { part } of keyed.sort((a, b) => a.key - b.key)) {
            expect(sum.add(part.subtree, part.node)).toBe(true);
          }
          expect(sum.total).toEqual(whole);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('adds what float32 adds, to its own precision; the tail exactly', () => {
    const [{ node }] = upload(name, 0, LEAVES);
    const [sum, exact] = [decode(name, node), exactSum({ start: 0, size: LEAVES })];
    expect(relativeError(sum, exact)).toBeLessThanOrEqual(TOLERANCE[name]);
    expect(sum.subarray(parameters.length)).toEqual(exact.subarray(parameters.length));
  });

  it('loses no more of tiny gradients than of large ones', () => {
    const tiny = gradientOf(3, 2 ** -60);
    const decoded = decode(name, leafNode(name, 3, tiny));
    expect(relativeError(decoded, tiny)).toBeLessThanOrEqual(TOLERANCE[name]);
  });

  it('broadcasts the mean of a sum without loss: scales take the division', () => {
    const codec = codecOf(name);
    const [{ node }] = upload(name, 0, LEAVES);
    const expected = decode(name, node).map((value) => value / LEAVES);
    const { norms, tail: meanTail, encoded } = codec.mean(node, { leaves: LEAVES, step: STEP });
    expect(encoded.byteLength).toBe(codec.averageBytes);
    expect(codec.decodeAverage(encoded)).toEqual(expected.subarray(0, parameters.length));
    expect(meanTail).toEqual(expected.subarray(parameters.length));
    expect(norms).toEqual(measureGradient(expected, shape, kernels));
  });

  it('broadcasts a mean clipped group by group, whose norms are those before', () => {
    const [{ node }] = upload(name, 0, LEAVES);
    const plain = codecOf(name).mean(node.slice(), { leaves: LEAVES, step: STEP });
    const [larger] = plain.norms.groups;
    const clipNorm = larger / 4;
    const codec = codecOf(name);
    const { norms, tail: meanTail, encoded } = codec.mean(node, { leaves: LEAVES, step: STEP, clipNorm });
    expect([norms, meanTail]).toEqual([plain.norms, plain.tail]);
    const measured = measureGradient(Float32Array.of(...codec.decodeAverage(encoded), ...meanTail), shape, kernels);
    for (const [index, norm] of measured.groups.entries()) {
      const wanted = Math.min(plain.norms.groups[index], clipNorm);
      expect(Math.abs(norm / wanted - 1)).toBeLessThanOrEqual(Math.max(1e-6, TOLERANCE[name]));
    }
  });

  it('measures a node as it is decoded', () => {
    const codec = codecOf(name);
    const node = leafNode(name, 2);
    const [measured, expected] = [codec.measure(node), measureGradient(decode(name, node), shape, kernels)];
    expect(measured.finite).toBe(true);
    expect(measured.norm).toBeCloseTo(expected.norm, 9);
    for (const [index, norm] of measured.groups.entries()) expect(norm).toBeCloseTo(expected.groups[index], 9);
  });

  it('tells a node that is within a norm as measuring it does', () => {
    const codec = codecOf(name);
    const node = leafNode(name, 2);
    const { norm } = codec.measure(node);
    for (const factor of [0, 0.1, 0.999, 1, 1.001, 3, 10, 1000, Infinity]) {
      expect([factor, codec.isWithin(node, norm * factor)]).toEqual([factor, factor >= 1]);
    }
  });

  it.each([
    ['the gradient', 0],
    ['the last tensor', parameters.entries[3].offset + 16],
    ['the tail', parameters.length + 2],
  ])('still shows what is not finite in %s', (_, place) => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const vector = gradientOf(1);
      vector[place] = value;
      const codec = codecOf(name);
      expect(codec.measure(leafNode(name, 1, vector)).finite).toBe(false);
      expect(codec.isWithin(leafNode(name, 1, vector), Infinity)).toBe(false);
      const sum = codec.combine(leafNode(name, 1, vector), leafNode(name, 2), {
        step: STEP,
        subtree: { start: 0, size: 2 },
      });
      expect(codec.measure(sum).finite).toBe(false);
    }
  });

  it('has payloads that are whole words and no larger than float32', () => {
    const { nodeBytes, averageBytes } = codecOf(name);
    expect([nodeBytes % 4, averageBytes % 4]).toEqual([0, 0]);
    expect(nodeBytes).toBeLessThanOrEqual(LENGTH * 4);
  });
});

describe.each(['f16', 'bf16', 'int8'] as const)('packed codec %s', (name) => {
  it('broadcasts the bytes of the mean packed anew, whatever a worker sent as the root', () => {
    const codec = codecOf(name);
    const pick = fc.record({ at: fc.nat(codec.averageBytes - 1), byte: fc.nat(255) });
    const scales = fc.constantFrom(1, 2 ** -60, 2 ** -86, 2 ** -97, 2 ** 40);
    fc.assert(
      fc.property(fc.array(pick, { maxLength: 4 }), scales, (changes, scale) => {
        const root = leafNode(name, 3, gradientOf(3, scale));
        for (const { at, byte } of changes) root[at] = byte;
        const gradient = codec.decodeAverage(root).map((value) => Math.fround(value / LEAVES));
        const { encoded, norms } = codec.mean(root.slice(), { leaves: LEAVES, step: STEP });
        const average = codec.decodeAverage(encoded).slice();
        if (!norms.finite) return;
        // Decoded afresh, and as every other replica does.
        expect(codecOf(name).decodeAverage(encoded)).toEqual(average);
        const anew = new Uint8Array(codec.nodeBytes);
        codec.vectorFor(anew).set([...gradient, 0, 0, 0]);
        codec.encode(anew, { step: STEP, subtree: { start: 0, size: LEAVES } });
        // What is of no packing is rounded anew, in int8 at random.
        if (name !== 'int8' || changes.length === 0) expect(encoded).toEqual(anew.slice(0, codec.averageBytes));
      }),
    );
  });
});

describe('codec int8', () => {
  it('rounds by seed, step and node, not by who rounds', () => {
    const encoded = (seed: number, step: number, start: number) => {
      const codec = codecOf('int8', seed);
      const node = new Uint8Array(codec.nodeBytes);
      codec.vectorFor(node).set(gradientOf(1));
      codec.encode(node, { step, subtree: { start, size: 1 } });
      return String(node);
    };
    expect(encoded(11, 5, 1)).toBe(encoded(11, 5, 1));
    expect(new Set([encoded(11, 5, 1), encoded(12, 5, 1), encoded(11, 6, 1), encoded(11, 5, 2)]).size).toBe(4);
  });

  it('takes a quarter of the bytes, f16 and bf16 half of them', () => {
    const big = layOut([{ name: 'discriminator/big', shape: [100_000] }]);
    const bytesOf = (name: CodecName) =>
      createCodec(name, {
        layout: { parameters: big, groups: [{ name: 'all', from: 0, to: big.length }], tail },
        seed: 0,
        kernels,
      }).averageBytes;
    expect(bytesOf('f32') / bytesOf('int8')).toBeGreaterThan(3.9);
    expect(bytesOf('f32') / bytesOf('f16')).toBeGreaterThan(1.98);
    expect(bytesOf('f32') / bytesOf('bf16')).toBe(2);
  });
});

describe.each(CODECS)('what lies between the tensors of a node of %s', (name) => {
  const codec = codecOf(name);
  const gaps = parameters.entries.flatMap(({ offset, size }, index) => {
    const end = parameters.entries.at(index + 1)?.offset ?? parameters.length;
    return Array.from({ length: end - offset - size }, (_, i) => offset + size + i);
  });

  it('is zero in leaves and sums of what engines compute', () => {
    for (let leaf = 0; leaf < LEAVES; leaf++) expect(codec.hasZeroPadding(leafNode(name, leaf))).toBe(true);
    for (const { node } of upload(name, 1, 7)) expect(codec.hasZeroPadding(node)).toBe(true);
  });

  it('is found wherever it is, and what lies in the tensors is not', () => {
    expect(gaps).toHaveLength(15 + 15 + 8 + 15);
    for (const gap of gaps) {
      const vector = gradientOf(0);
      vector[gap] = 1;
      expect(codec.hasZeroPadding(leafNode(name, 0, vector)), `element ${gap}`).toBe(false);
    }
    const full = new Float32Array(LENGTH).fill(1);
    for (const gap of gaps) full[gap] = 0;
    expect(codec.hasZeroPadding(leafNode(name, 0, full))).toBe(true);
  });
});

it.each([
  ['a gap before', [{ name: 'a', from: 16, to: parameters.length }]],
  [
    'a gap between',
    [
      { name: 'a', from: 0, to: 16 },
      { name: 'b', from: 32, to: parameters.length },
    ],
  ],
  ['a gap behind', [{ name: 'a', from: 0, to: parameters.length - 16 }]],
  ['no group', []],
])('refuses groups with %s, of which some numbers would never be measured', (_, wrong) => {
  expect(() => createCodec('f32', { layout: { parameters, groups: wrong, tail }, seed: 0, kernels })).toThrow(
    RangeError,
  );
});
