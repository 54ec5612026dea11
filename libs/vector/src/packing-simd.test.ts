import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PACK_BLOCK, packedElementBytes, packedExponents } from './kernels.ts';
import type { PackedFormat, PackedRun, Rounding, VectorKernels } from './kernels.ts';
import { BLOCK_ELEMENTS } from './linear-memory.ts';
import { referenceKernels as reference } from './reference.ts';
import { simdKernels } from './simd.ts';

const ROOM = BLOCK_ELEMENTS + 1024;
/** Bytes around a run, which nobody may touch. */
const FENCE = 64;
const simd = simdKernels({ reserve: [ROOM, ROOM, ROOM, ROOM, ROOM] });

/** Every length of a tail, across blocks, and across blocks of the stage. */
const length = fc.oneof(
  fc.nat(50),
  fc.integer({ min: PACK_BLOCK - 18, max: PACK_BLOCK + 34 }),
  fc.integer({ min: BLOCK_ELEMENTS - 18, max: BLOCK_ELEMENTS + 2 * PACK_BLOCK + 18 }),
);
const format = fc.constantFrom<PackedFormat>('bf16', 'f16', 'int8');
const rounding = fc.record({ key0: fc.integer(), key1: fc.integer(), first: fc.oneof(fc.nat(), fc.constant(2 ** 32)) });
/** Where a run lies: in the kernels' memory or in an ordinary buffer, after so many words. */
const place = fc.record({ held: fc.boolean(), words: fc.nat(3) });
type Place = typeof place extends fc.Arbitrary<infer T> ? T : never;

/** What the words of a block are made of, of 32 random bits. */
const BLOCKS: readonly ((word: number) => number)[] = [
  (word) => word,
  (word) => (word & 0x80ffffff) | 0x3f000000,
  (word) => word & 0x80000000,
  (word) => word & 0x807fffff,
  // All finite magnitudes below 2, the largest ones, and those around the smallest exponent.
  (word) => word & 0xbfffffff,
  (word) => (word & 0x87ffffff) | (0x78000000 & ~((word & 1) << 27)),
  (word) => (word & 0x83ffffff) | 0x10000000,
  // Fractions near a carry into the next binade, near one element of 1 to 2.
  (word) => (word & 0x8fffffff) | (word % 9 === 0 ? 0x3f7e0000 : 0x307fe000),
  (word) => (word % 41 === 0 ? 0x3fffefff + (word & 0x80000003) : word & 0xbfffffff),
  (word) => (word % 97 === 0 ? [0x7f800000, 0xff800000, 0x7fc00001, 0xff800001][word & 3] : word & 0xbfffffff),
];

function generator(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return (state ^ (state >>> 13)) >>> 0;
  };
}

/** A reproducible vector whose blocks are of all those kinds. */
function vectorOf(seed: number, length: number): Float32Array {
  const next = generator(seed);
  let kind = BLOCKS[0];
  const words = Uint32Array.from({ length }, (_, i) => {
    if (i % PACK_BLOCK === 0) kind = BLOCKS[next() % BLOCKS.length];
    return kind(next());
  });
  return new Float32Array(words.buffer);
}

/** A reproducible run of any bytes: what may come from the wire. */
function bytesOf(format: PackedFormat, seed: number, length: number): PackedRun {
  const next = generator(seed);
  const kinds = [0, 255, 1, 27, 28, 254];
  return {
    exponents: Uint8Array.from({ length: packedExponents(format, length) }, () => {
      const word = next();
      return word % 2 === 0 ? kinds[(word >>> 1) % kinds.length] : word >>> 8;
    }),
    values: Uint8Array.from({ length: length * packedElementBytes(format) }, next),
  };
}

/** Runs the reference on the vectors and runs as they are, SIMD on copies at their places; compares all bytes after. */
function sameBytes(
  inputs: readonly (Float32Array | Uint8Array)[],
  places: readonly Place[],
  kernel: (kernels: VectorKernels, inputs: readonly (Float32Array | Uint8Array)[]) => unknown,
): void {
  const placed = inputs.map((input, i) => put(input, places[i % places.length]));
  try {
    const wanted = kernel(reference, inputs);
    const found = kernel(
      simd,
      placed.map(({ copy }) => copy),
    );
    expect(found).toEqual(wanted);
    inputs.forEach((input, i) => {
      const [got, want] = [bytesIn(placed[i].copy), bytesIn(input)];
      const wrong = got.findIndex((byte, at) => byte !== want[at]);
      expect({ input: i, wrong, got: got[wrong] }).toEqual({ input: i, wrong: -1, got: undefined });
      expect(placed[i].fences()).toEqual(new Set([0xa5]));
    });
  } finally {
    for (const { done } of placed) done();
  }
}

const ROUNDING: Rounding = { key0: 3, key1: 5, first: 7 };

function sameRun(a: PackedRun, b: PackedRun): boolean {
  return Buffer.compare(a.exponents, b.exponents) === 0 && Buffer.compare(a.values, b.values) === 0;
}

/** Elements at the bounds of what a block's largest may be, in some blocks. */
function putEdges(format: PackedFormat, seed: number, { values }: PackedRun): void {
  const next = generator(seed);
  const edges = format === 'int8' ? [64, 63, 127, 0x80, 0x81] : [0x74, 0x73, 0x77, 0x78, 0x7b, 0xf4, 0xf8, 0x80];
  const every = PACK_BLOCK * packedElementBytes(format);
  for (let from = 0; from < values.length; from += every * (1 + (next() % 9))) {
    values[Math.min(values.length - 1, from + 1 + 2 * (next() % 20))] = edges[next() % edges.length];
  }
}

/** As gradients are: nothing tiny, nothing huge, some zeros. */
function plainVectorOf(seed: number, length: number): Float32Array {
  const next = generator(seed);
  return Float32Array.from({ length }, (_, i) =>
    i % 700 < 256 ? 0 : ((next() % 2001) - 1000) * 2 ** -((next() % 20) + 8),
  );
}

function put(input: Float32Array | Uint8Array, { held, words }: Place) {
  const before = FENCE + words * 8;
  const elements = Math.ceil((before + input.byteLength + FENCE) / Float32Array.BYTES_PER_ELEMENT);
  const whole = held ? simd.allocate(elements) : new Float32Array(elements);
  const bytes = new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength).fill(0xa5);
  const copy =
    input instanceof Float32Array
      ? new Float32Array(whole.buffer, whole.byteOffset + before, input.length)
      : new Uint8Array(whole.buffer, whole.byteOffset + before, input.length);
  copy.set(input);
  return {
    copy,
    fences: () => new Set([...bytes.subarray(0, before), ...bytes.subarray(before + input.byteLength)]),
    done: () => simd.release(whole),
  };
}

/** The bytes, with one pattern for every NaN of a float32 vector: engines are free in those. */
function bytesIn(input: Float32Array | Uint8Array): Uint8Array {
  if (input instanceof Uint8Array) return input;
  const words = new Uint32Array(input.buffer, input.byteOffset, input.length);
  return new Uint8Array(words.map((word) => ((word & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : word)).buffer);
}

describe('simdKernels has the bytes of the reference', () => {
  const places = fc.tuple(place, place, place);

  it('for pack', () => {
    fc.assert(
      fc.property(format, fc.integer(), length, places, rounding, (format, seed, length, places, rounding) => {
        const { exponents, values } = bytesOf(format, seed, length);
        sameBytes([vectorOf(seed, length), exponents, values], places, (kernels, [source, exponents, values]) =>
          kernels.pack(format, source as Float32Array, { exponents, values } as PackedRun, rounding),
        );
      }),
      { numRuns: 400 },
    );
  });

  it('for unpack and measurePacked of any bytes', () => {
    fc.assert(
      fc.property(format, fc.integer(), length, places, (format, seed, length, places) => {
        const { exponents, values } = bytesOf(format, seed, length);
        sameBytes([exponents, values, new Float32Array(length)], places, (kernels, [exponents, values, target]) => {
          kernels.unpack(format, { exponents, values } as PackedRun, target as Float32Array);
          return kernels.measurePacked(format, { exponents, values } as PackedRun);
        });
      }),
      { numRuns: 400 },
    );
  });

  it('for addPacked, of packed vectors and of any bytes', () => {
    const seeds = fc.tuple(fc.integer(), fc.integer(), fc.boolean());
    fc.assert(
      fc.property(format, seeds, length, places, rounding, (format, [one, two, packed], length, places, rounding) => {
        const runs = [one, two].map((seed) => bytesOf(format, seed, length));
        if (packed) runs.forEach((run, i) => reference.pack(format, vectorOf([one, two][i], length), run, rounding));
        sameBytes(
          runs.flatMap(({ exponents, values }) => [exponents, values]),
          places,
          (kernels, [exponents, values, sourceExponents, sourceValues]) => {
            const source = { exponents: sourceExponents, values: sourceValues } as PackedRun;
            kernels.addPacked(format, { exponents, values } as PackedRun, source, rounding);
          },
        );
      }),
      { numRuns: 400 },
    );
  });

  it('for a division by exponents, of packed vectors and of any bytes, which is what packing the quotients gives', () => {
    const kinds = fc.constantFrom('packed', 'plain', 'bytes', 'edges');
    const divided = { done: 0, left: 0 };
    fc.assert(
      fc.property(
        format,
        fc.integer(),
        kinds,
        length,
        places,
        fc.nat(12),
        (format, seed, kind, length, places, halvings) => {
          const run = bytesOf(format, seed, length);
          const vector = kind === 'plain' ? plainVectorOf(seed, length) : vectorOf(seed, length);
          if (kind !== 'bytes') reference.pack(format, vector, run, ROUNDING);
          if (kind === 'edges') putEdges(format, seed, run);
          const quotients = new Float32Array(length);
          reference.unpack(format, run, quotients);
          reference.scale(quotients, 2 ** -halvings);
          const before = { exponents: run.exponents.slice(), values: run.values.slice() };
          sameBytes([run.exponents, run.values], places, (kernels, [exponents, values]) =>
            kernels.halvePacked(format, { exponents, values } as PackedRun, halvings),
          );
          const asPacked = { exponents: before.exponents.slice(), values: before.values.slice() };
          reference.pack(format, quotients, asPacked, ROUNDING);
          const isDone = length > 0 && !sameRun(run, before);
          if (isDone) expect(sameRun(run, asPacked)).toBe(true);
          divided[isDone ? 'done' : 'left'] += 1;
        },
      ),
      { numRuns: 400 },
    );
    // Some 67 of 400, give or take 7.
    expect(divided.done).toBeGreaterThan(20);
    expect(divided.left).toBeGreaterThan(50);
  });

  it('for a run added to itself', () => {
    fc.assert(
      fc.property(format, fc.integer(), length, places, rounding, (format, seed, length, places, rounding) => {
        const { exponents, values } = bytesOf(format, seed, length);
        sameBytes([exponents, values], places, (kernels, [exponents, values]) => {
          const run = { exponents, values } as PackedRun;
          kernels.addPacked(format, run, run, rounding);
        });
      }),
    );
  });

  it('for everything that is refused', () => {
    const vector = new Float32Array(300);
    const run = (bytes: number, exponents: number) => ({
      values: new Uint8Array(bytes),
      exponents: new Uint8Array(exponents),
    });
    const key = { key0: 0, key1: 0, first: 0 };
    for (const wrong of [run(600, 1), run(601, 2), run(598, 2)]) {
      expect(() => simd.pack('f16', vector, wrong, key)).toThrow(RangeError);
      expect(() => simd.unpack('f16', wrong, vector)).toThrow(RangeError);
      expect(() => simd.addPacked('f16', run(600, 2), wrong, key)).toThrow(RangeError);
      expect(() => simd.addPacked('f16', wrong, run(600, 2), key)).toThrow(RangeError);
    }
    expect(() => simd.measurePacked('f16', run(600, 1))).toThrow(RangeError);
  });
});
