import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { STREAMS } from '@gradcast/random';
import { BLOCK_ELEMENTS } from './linear-memory.ts';
import { referenceKernels as reference } from './reference.ts';
import { SIMD_BINARY } from './simd-binary.ts';
import { selectKernels, simdKernels, simdSupported } from './simd.ts';

const ROOM = BLOCK_ELEMENTS + 64;
const simd = simdKernels({ reserve: [ROOM, ROOM, ROOM, ROOM] });

/** Zeros, denormals, the smallest normal, moments around 2^-100, the largest, infinities, quiet and signalling NaN. */
const SPECIAL = [
  0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x0d7fffff, 0x0d800000, 0x8d7fffff, 0x8d800000,
  0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fa00001,
];
/** Every length of a tail, whole blocks, and tails after a block. */
const anyLength = fc.oneof(fc.nat(70), fc.integer({ min: BLOCK_ELEMENTS - 3, max: BLOCK_ELEMENTS + 50 }));
const place = fc.record({ held: fc.boolean(), offset: fc.nat(5) });
const any = fc.record({ seed: fc.integer(), finite: fc.boolean(), length: anyLength });
const scalar = fc.float({ noNaN: true, min: Math.fround(-4), max: 4 });
const decay = fc.oneof(fc.constant(0), fc.float({ min: 0, max: 1, noNaN: true }));

/** Bits of a reproducible vector: one word in eight special, the others of any exponent, or finite and near 1. */
function words({ seed, finite, length }: { seed: number; finite: boolean; length: number }): Uint32Array {
  let state = seed | 1;
  const next = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return (state ^ (state >>> 13)) >>> 0;
  };
  return Uint32Array.from({ length }, () => {
    const word = next();
    if (finite) return (word & 0x80ffffff) | 0x3f000000;
    return word % 8 === 0 ? SPECIAL[next() % SPECIAL.length] : word;
  });
}

/** Copies a vector to linear memory or to an ordinary buffer, at an address that is a multiple of four only. */
function put(bits: Uint32Array, { held, offset }: { held: boolean; offset: number }) {
  const whole = held ? simd.allocate(bits.length + offset) : new Float32Array(bits.length + offset);
  const vector = whole.subarray(offset);
  new Uint32Array(vector.buffer, vector.byteOffset, vector.length).set(bits);
  return { vector, done: () => simd.release(whole) };
}

/** The bits, with one pattern for every NaN: engines are free in those. */
function bitsOf(vector: Float32Array): Uint32Array {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  return bits.map((word) => ((word & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : word));
}

const floats = (bits: Uint32Array) => new Float32Array(bits.slice().buffer);

/** Gives the same vectors to both implementations and compares all of them afterwards. */
function sameBits(
  inputs: readonly Uint32Array[],
  places: readonly { held: boolean; offset: number }[],
  kernel: (kernels: typeof simd, vectors: readonly Float32Array[]) => unknown,
): void {
  const wanted = inputs.map(floats);
  const wantedResult = kernel(reference, wanted);
  const placed = inputs.map((bits, i) => put(bits, places[i]));
  try {
    const vectors = placed.map(({ vector }) => vector);
    expect(kernel(simd, vectors)).toEqual(wantedResult);
    vectors.forEach((vector, i) => {
      const [got, want] = [bitsOf(vector), bitsOf(wanted[i])];
      const wrong = got.findIndex((word, at) => word !== want[at]);
      expect({ vector: i, wrong, got: got[wrong] }).toEqual({ vector: i, wrong: -1, got: undefined });
    });
  } finally {
    for (const { done } of placed) done();
  }
}

describe('simdKernels has the bits of the reference', () => {
  it('for add', () => {
    fc.assert(
      fc.property(any, fc.integer(), fc.tuple(place, place), (a, seed, places) => {
        sameBits([words(a), words({ ...a, seed })], places, (kernels, [target, source]) => kernels.add(target, source));
      }),
    );
  });

  it('for a vector added to itself', () => {
    fc.assert(
      fc.property(any, place, (a, where) => {
        sameBits([words(a)], [where], (kernels, [target]) => kernels.add(target, target));
      }),
    );
  });

  it('for scale', () => {
    fc.assert(
      fc.property(any, place, fc.oneof(scalar, fc.double()), (a, where, factor) => {
        sameBits([words(a)], [where], (kernels, [target]) => kernels.scale(target, factor));
      }),
    );
  });

  it('for measure over any range, also when it scales', () => {
    fc.assert(
      fc.property(any, place, place, fc.nat(20), fc.nat(20), scalar, (a, where, other, start, end, factor) => {
        const from = Math.min(start, a.length);
        const to = Math.max(from, a.length - end);
        sameBits([words(a)], [where], (kernels, [vector]) => kernels.measure(vector, from, to));
        const range = { from, to };
        sameBits([words(a)], [where], (kernels, [vector]) => kernels.scaleMeasured(vector, vector, factor, range));
        sameBits([words(a), words(a)], [where, other], (kernels, [target, source]) =>
          kernels.scaleMeasured(target.fill(7), source, factor, range),
        );
      }),
    );
  });

  it('for adam', () => {
    const scalars = fc.record(
      { alpha: scalar, oneMinusBeta1: scalar, oneMinusBeta2: scalar, epsilon: scalar, decay },
      { requiredKeys: ['alpha', 'oneMinusBeta1', 'oneMinusBeta2', 'epsilon'] },
    );
    const usual = fc.constant({ alpha: 1e-3, oneMinusBeta1: 0.5, oneMinusBeta2: 0.001, epsilon: 1e-7 });
    fc.assert(
      fc.property(
        any,
        fc.tuple(fc.integer(), fc.integer(), fc.integer()),
        fc.tuple(place, place, place, place),
        fc.oneof(usual, scalars),
        (a, [m, v, g], places, rates) => {
          const second = words({ ...a, seed: v }).map((word) => word & 0x7fffffff);
          const inputs = [words(a), words({ ...a, seed: m }), second, words({ ...a, seed: g })];
          sameBits(inputs, places, (kernels, [parameters, moment, square, gradient]) =>
            kernels.adam(parameters, { first: moment, second: square }, gradient, rates),
          );
        },
      ),
    );
  });

  it('for sgd, with a velocity and without one', () => {
    const scalars = fc.record({ rate: scalar, momentum: scalar, decay }, { requiredKeys: ['rate'] });
    fc.assert(
      fc.property(
        any,
        fc.tuple(fc.integer(), fc.integer()),
        fc.tuple(place, place, place),
        scalars,
        fc.boolean(),
        (a, [g, v], places, rates, heavy) => {
          const inputs = [words(a), words({ ...a, seed: g }), words({ ...a, seed: v })];
          sameBits(inputs, places, (kernels, [parameters, gradient, velocity]) =>
            kernels.sgd(parameters, gradient, rates, heavy ? velocity : undefined),
          );
        },
      ),
    );
  });

  it('for ema, also over the first part of longer parameters', () => {
    fc.assert(
      fc.property(any, fc.integer(), fc.nat(9), fc.tuple(place, place), scalar, (a, seed, more, places, decay) => {
        const parameters = words({ ...a, seed, length: a.length + more });
        sameBits([words(a), parameters], places, (kernels, [average, source]) => kernels.ema(average, source, decay));
      }),
    );
  });

  it('for normal numbers, wherever in a stream and however far out', () => {
    const whole = fc.oneof(fc.nat(50), fc.maxSafeNat());
    const streams = fc.record({ seed: whole, stream: fc.nat(), index: fc.nat(), position: whole });
    fc.assert(
      fc.property(streams, anyLength, place, (at, length, { held, offset }) => {
        const wanted = new Float32Array(length);
        reference.normal(wanted, at);
        const room = held ? simd.allocate(length + offset) : new Float32Array(length + offset);
        const found = room.subarray(offset);
        simd.normal(found, at);
        if (held) simd.release(room);
        expect(found).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
    const [wanted, found] = [new Float32Array(3e5), new Float32Array(3e5)];
    const at = { seed: 3, stream: STREAMS.noise };
    reference.normal(wanted, at);
    simd.normal(found, at);
    expect(Buffer.compare(new Uint8Array(found.buffer), new Uint8Array(wanted.buffer))).toBe(0);
    expect(() => simd.normal(found, { ...at, position: -1 })).toThrow(RangeError);
    expect(() => simd.normal(found, { ...at, seed: -1 })).toThrow(RangeError);
  });

  it('for the fingerprint of several vectors', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(any, place), { maxLength: 3 }), (parts) => {
        sameBits(
          parts.map(([a]) => words(a)),
          parts.map(([, where]) => where),
          (kernels, vectors) => kernels.fingerprint(vectors),
        );
      }),
    );
  });
});

describe('simdKernels', () => {
  it('refuses what the reference refuses', () => {
    const [three, four] = [new Float32Array(3), new Float32Array(4)];
    const scalars = { alpha: 0, oneMinusBeta1: 0, oneMinusBeta2: 0, epsilon: 0 };
    for (const kernels of [reference, simd]) {
      expect(() => kernels.add(three, four)).toThrow(RangeError);
      expect(() => kernels.measure(three, 0, 4)).toThrow(RangeError);
      expect(() => kernels.measure(three, -1, 2)).toThrow(RangeError);
      expect(() => kernels.measure(three, 2, 1)).toThrow(RangeError);
      expect(() => kernels.scaleMeasured(three, three, 1, { from: 0, to: 4 })).toThrow(RangeError);
      expect(() => kernels.scaleMeasured(three, four, 1, { from: 0, to: 2 })).toThrow(RangeError);
      expect(() => kernels.ema(four, three, 0.5)).toThrow(RangeError);
      expect(() => kernels.sgd(three, four, { rate: 1 })).toThrow(RangeError);
      expect(() => kernels.sgd(three, three, { rate: 1 }, four)).toThrow(RangeError);
      expect(() => kernels.adam(three, { first: three, second: four }, three, scalars)).toThrow(RangeError);
    }
  });

  it('hands out zeroed vectors on 64-byte boundaries, and ordinary ones once its room is used up', () => {
    const kernels = simdKernels({ reserve: [48, 20] });
    const first = kernels.allocate(48);
    const second = kernels.allocate(20);
    expect(second.buffer).toBe(first.buffer);
    expect([first.byteOffset % 64, second.byteOffset % 64]).toEqual([0, 0]);
    first.fill(7);
    second.fill(7);
    kernels.release(first);
    expect(() => kernels.release(first)).toThrow(RangeError);
    expect(() => kernels.release(second.subarray(4))).toThrow(RangeError);
    const again = kernels.allocate(48);
    expect(again.byteOffset).toBe(first.byteOffset);
    expect(again).toEqual(new Float32Array(48));
    expect(second).toEqual(new Float32Array(20).fill(7));
    const beyond = kernels.allocate(65_536);
    expect(beyond.buffer).not.toBe(first.buffer);
    kernels.release(beyond);
    kernels.add(beyond, beyond.slice().fill(2));
    expect(beyond[65_535]).toBe(2);
  });
});

describe('selectKernels', () => {
  it('is SIMD where the engine has it', () => {
    expect(simdSupported()).toBe(true);
    const kernels = selectKernels({ reserve: [32, 32] });
    expect(kernels).not.toBe(reference);
    expect(kernels.allocate(32).buffer).toBe(kernels.allocate(32).buffer);
  });

  it('falls back to the reference when the memory cannot be reserved', () => {
    expect(selectKernels({ reserve: [2 ** 40] })).toBe(reference);
  });

  it('falls back to the reference without WebAssembly or without its SIMD', () => {
    try {
      vi.stubGlobal('WebAssembly', undefined);
      expect(selectKernels()).toBe(reference);
      vi.stubGlobal('WebAssembly', { validate: () => false });
      expect(selectKernels({ reserve: [32] })).toBe(reference);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('the binary in the tree', () => {
  it('is what its sources compile to, byte for byte', () => {
    const build = fileURLToPath(new URL('../assembly/build.mjs', import.meta.url));
    const printed = execFileSync(process.execPath, [build, '--print'], { encoding: 'utf8' });
    expect(printed).toBe(readFileSync(new URL('./simd-binary.ts', import.meta.url), 'utf8'));
  });

  it('is small enough for a browser to compile it in place, and uses no relaxed SIMD', () => {
    const binary = Buffer.from(SIMD_BINARY, 'base64');
    // Chrome up to 113 refuses more than 4 kB on a page's main thread, later ones and other browsers more than 8 MB.
    expect(binary.length).toBeLessThan(8192);
    // Opcodes of relaxed SIMD are 0xfd followed by a LEB128 number from 0x100 on.
    const relaxed = binary.findIndex((byte, i) => byte === 0xfd && binary[i + 1] >= 0x80 && binary[i + 2] > 1);
    expect(relaxed).toBe(-1);
  });
});
