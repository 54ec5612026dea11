import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PACK_BLOCK, packedElementBytes, packedExponents } from './kernels.ts';
import type { PackedFormat, PackedRun, Rounding } from './kernels.ts';
import { referenceKernels as kernels } from './reference.ts';

const FORMATS: readonly PackedFormat[] = ['bf16', 'f16', 'int8'];
const SCALED: readonly PackedFormat[] = ['f16', 'int8'];
const NO_KEY: Rounding = { key0: 0, key1: 0, first: 0 };

const format = fc.constantFrom(...FORMATS);
const rounding = fc.record({ key0: fc.integer(), key1: fc.integer(), first: fc.nat() });
/** Factors of magnitude 1 to 2, up to forty binades lower, and zeros of both signs. */
const element = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(fc.float({ min: 1, max: 2, noNaN: true }), fc.boolean(), fc.integer({ min: -40, max: 0 }))
      .map(([value, negative, binade]) => (negative ? -value : value) * 2 ** binade),
  },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, -1) },
);
/** Runs whose blocks need exponents from about -90 to 120. */
const run = fc
  .tuple(fc.array(element, { minLength: 1, maxLength: 2 * PACK_BLOCK + 20 }), fc.integer({ min: -30, max: 120 }))
  .map(([elements, binade]) => Float32Array.from(elements, (value) => value * 2 ** binade));

function emptyRun(format: PackedFormat, elements: number): PackedRun {
  return {
    exponents: new Uint8Array(packedExponents(format, elements)).fill(77),
    values: new Uint8Array(elements * packedElementBytes(format)).fill(77),
  };
}

function packed(format: PackedFormat, source: Float32Array, rounding = NO_KEY): PackedRun {
  const target = emptyRun(format, source.length);
  kernels.pack(format, source, target, rounding);
  return target;
}

function unpacked(format: PackedFormat, source: PackedRun): Float32Array {
  const target = new Float32Array(source.values.length / packedElementBytes(format)).fill(77);
  kernels.unpack(format, source, target);
  return target;
}

/** What a vector becomes on its way through a format. */
function passed(format: PackedFormat, source: Float32Array, rounding = NO_KEY): Float32Array {
  return unpacked(format, packed(format, source, rounding));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const halves = (run: PackedRun) => Array.from(new Uint16Array(run.values.buffer), (half) => half.toString(16));

describe('bf16', () => {
  it('is the upper half of a float32, to nearest and ties to even', () => {
    const source = new Float32Array(
      Uint32Array.of(
        ...[0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001, 0xbf807fff, 0x80000000, 1, 0x00008001, 0x7f7f7fff],
        ...[0x7f7f8000, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001],
      ).buffer,
    );
    expect(halves(packed('bf16', source))).toEqual([
      ...['3f80', '3f80', '3f82', '3f81', 'bf80', '8000', '0', '1', '7f7f'],
      ...['7f80', 'ff80', '7f80', 'ff80', '7fc0', '7fc0', '7fc0'],
    ]);
  });

  it('errs by 2^-8 of a normal number at most', () => {
    fc.assert(
      fc.property(run, (source) => {
        passed('bf16', source).forEach((value, i) => {
          expect(Math.abs(value - source[i])).toBeLessThanOrEqual(Math.abs(source[i]) * 2 ** -8);
        });
      }),
    );
  });
});

describe('f16', () => {
  it('keeps its bytes: the exponent plus 128, little-endian halves', () => {
    const target = packed('f16', Float32Array.of(1, -1, 0.5, 1 / 3, 0, -0, 2 ** -40));
    // The largest is 2^0, so e = -14 and one is written as 2^14; 2^-40 becomes 2^-26, under half of the smallest half.
    expect([hex(target.exponents), hex(target.values)]).toEqual(['72', '007400f40070556d0000008000'.padEnd(28, '0')]);
  });

  it('has every half exactly', () => {
    const scale = 2 ** -7;
    for (let from = 0; from < 0x7400; from += PACK_BLOCK - 1) {
      // The first element holds the block's exponent at that of the scale.
      const words = Array.from({ length: PACK_BLOCK - 1 }, (_, i) => Math.min(from + i, 0x73ff));
      const source = Float32Array.of(2 ** 14 * scale, ...words.map((half) => valueOfHalf(half) * scale));
      const target = packed('f16', source);
      expect(target.exponents).toEqual(Uint8Array.of(128 - 7));
      expect(Array.from(new Uint16Array(target.values.buffer)).slice(1)).toEqual(words);
      expect(unpacked('f16', target)).toEqual(source);
    }
  });

  it('rounds to the nearest half, ties to even, denormal halves too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x73fe }), fc.constantFrom(0.25, 0.5, 0.75), (half, part) => {
        const [below, above] = [valueOfHalf(half), valueOfHalf(half + 1)];
        const even = half % 2 === 0 ? half : half + 1;
        const want = part === 0.5 ? even : part < 0.5 ? half : half + 1;
        const target = packed('f16', Float32Array.of(2 ** 14, below + (above - below) * part));
        expect(new Uint16Array(target.values.buffer)[1]).toBe(want);
      }),
    );
  });

  it('keeps its exponent when its largest element rounds up to the next binade', () => {
    const once = passed('f16', Float32Array.of(32_767, 3 * 2 ** -24));
    expect(once).toEqual(Float32Array.of(32_768, 4 * 2 ** -24));
    expect(passed('f16', once)).toEqual(once);
  });

  it('errs by 2^-11 of an element, or by 2^-38 of the largest in its block', () => {
    fc.assert(
      fc.property(run, (source) => {
        passed('f16', source).forEach((value, i) => {
          const block = source.subarray(i - (i % PACK_BLOCK), i - (i % PACK_BLOCK) + PACK_BLOCK);
          const largest = block.reduce((most, other) => Math.max(most, Math.abs(other)), 0);
          expect(Math.abs(value - source[i])).toBeLessThanOrEqual(
            Math.max(Math.abs(source[i]) * 2 ** -11, largest * 2 ** -38),
          );
        });
      }),
    );
  });
});

describe('int8', () => {
  it('keeps its bytes', () => {
    const target = packed('int8', Float32Array.of(127, -127, 1, 0.5, -0.5, 0, -0), { key0: 1, key1: 2, first: 3 });
    expect([hex(target.exponents), hex(target.values)]).toMatchInlineSnapshot(`
      [
        "80",
        "7f810101ff0000",
      ]
    `);
  });

  it('errs by less than one unit of its block, and keeps integers', () => {
    fc.assert(
      fc.property(run, rounding, (source, rounding) => {
        const { exponents, values } = packed('int8', source, rounding);
        source.forEach((value, i) => {
          const exponent = exponents[Math.floor(i / PACK_BLOCK)];
          const stored = (values[i] << 24) >> 24;
          const error = exponent === 0 ? value : stored - value * 2 ** (128 - exponent);
          expect(Math.abs(error)).toBeLessThan(1);
          expect(Math.abs(stored)).toBeLessThanOrEqual(127);
        });
      }),
    );
  });

  it('is right in the mean over many keys, and over many elements of one', () => {
    const parts = [0.1, 0.25, 0.5, 0.75, 0.9, -0.1, -0.25, -0.5, -0.75, -0.9];
    const keys = 4000;
    const sums = new Float64Array(parts.length);
    for (let key = 0; key < keys; key++) {
      const source = Float32Array.of(100, ...parts);
      passed('int8', source, { key0: key, key1: ~key, first: 0 })
        .subarray(1)
        .forEach((value, i) => (sums[i] += value));
    }
    // Six standard deviations of a mean of so many draws.
    const tolerance = (6 * 0.5) / Math.sqrt(keys);
    parts.forEach((part, i) => expect(Math.abs(sums[i] / keys - part)).toBeLessThan(tolerance));
    for (const part of parts) {
      const source = new Float32Array(keys).fill(part);
      for (let i = 0; i < keys; i += PACK_BLOCK) source[i] = 100;
      const others = passed('int8', source).filter((_, i) => i % PACK_BLOCK !== 0);
      const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
      expect(Math.abs(mean - part)).toBeLessThan(tolerance);
    }
  });

  it('rounds an element by its index in the whole vector, however the vector is cut into runs', () => {
    fc.assert(
      fc.property(rounding, (rounding) => {
        const whole = Float32Array.from({ length: 3 * PACK_BLOCK }, (_, i) => Math.sin(i + 1));
        const second = { ...rounding, first: rounding.first + PACK_BLOCK };
        const part = packed('int8', whole.subarray(PACK_BLOCK), second);
        expect(part.values).toEqual(packed('int8', whole, rounding).values.subarray(PACK_BLOCK));
      }),
    );
  });

  it('depends on both words of its key', () => {
    const source = Float32Array.from({ length: PACK_BLOCK }, (_, i) => Math.sin(i + 1));
    const packings = [0, 1, -1].flatMap((key0) =>
      [0, 1, -1].map((key1) => hex(packed('int8', source, { key0, key1, first: 0 }).values)),
    );
    expect(new Set(packings).size).toBe(9);
  });
});

describe('every format', () => {
  it('keeps what it has packed once, whatever the key, and also divided by a power of two', () => {
    fc.assert(
      fc.property(
        format,
        run,
        rounding,
        rounding,
        fc.integer({ min: 0, max: 5 }),
        (format, source, one, other, power) => {
          const once = passed(format, source, one).map((value) => value / 2 ** power);
          const twice = passed(format, once, other);
          // A block of zeros, or a zero in int8, has no sign.
          expect(twice.map((value) => value + 0)).toEqual(once.map((value) => value + 0));
        },
      ),
    );
  });

  it('keeps zeros and takes what is too small to matter for zero', () => {
    for (const format of SCALED) {
      const target = packed(format, Float32Array.of(0, -0, 1e-45, 1e-38, -(2 ** -95)));
      expect([...target.exponents, ...target.values]).toEqual(Array(1 + target.values.length).fill(0));
      expect(unpacked(format, target)).toEqual(new Float32Array(5));
    }
  });

  it('packs the largest float32 numbers, and rounds to infinity what is nearer to it than half a unit', () => {
    const source = Float32Array.of(3.38e38, -1e38, 1e38);
    for (const format of FORMATS) {
      passed(format, source).forEach((value, i) => expect(value / source[i]).toBeCloseTo(1, 1));
    }
    expect(passed('bf16', Float32Array.of(-3.4028234663852886e38))).toEqual(Float32Array.of(-Infinity));
    expect(passed('f16', Float32Array.of(-3.4028234663852886e38))).toEqual(Float32Array.of(-Infinity));
  });

  it('loses the block of an element that is not finite, and no other', () => {
    for (const wrong of [NaN, Infinity, -Infinity]) {
      for (const format of SCALED) {
        const source = new Float32Array(3 * PACK_BLOCK).fill(1);
        source[PACK_BLOCK + 9] = wrong;
        const target = packed(format, source);
        expect(target.exponents[1]).toBe(255);
        const want = new Float32Array(3 * PACK_BLOCK).fill(1).fill(NaN, PACK_BLOCK, 2 * PACK_BLOCK);
        expect(unpacked(format, target)).toEqual(want);
        expect(kernels.measurePacked(format, target).finite).toBe(false);
      }
      expect(passed('bf16', Float32Array.of(1, wrong))).toEqual(Float32Array.of(1, wrong));
    }
  });

  it('adds as unpacking, adding and packing do', () => {
    fc.assert(
      fc.property(format, run, rounding, (format, source, rounding) => {
        const [target, other] = [packed(format, source), packed(format, source.toReversed())];
        const sum = unpacked(format, target);
        kernels.add(sum, unpacked(format, other));
        kernels.addPacked(format, target, other, rounding);
        expect(target).toEqual(packed(format, sum, rounding));
      }),
    );
  });

  it('measures what it unpacks to', () => {
    fc.assert(
      fc.property(format, run, (format, source) => {
        const target = packed(format, source);
        const vector = unpacked(format, target);
        expect(kernels.measurePacked(format, target)).toEqual(kernels.measure(vector, 0, vector.length));
      }),
    );
  });

  it('takes any bytes', () => {
    for (const format of FORMATS) {
      for (const [exponent, want] of [
        [0, 0],
        [255, NaN],
      ]) {
        const source = emptyRun(format, 300);
        source.exponents.fill(exponent);
        if (format !== 'bf16') expect(unpacked(format, source)).toEqual(new Float32Array(300).fill(want));
      }
    }
    const largest = { exponents: Uint8Array.of(128), values: Uint8Array.of(0xff, 0x7f, 0, 0x7c) };
    expect(unpacked('f16', largest)).toEqual(Float32Array.of(131_008, 65_536));
    expect(unpacked('int8', { exponents: Uint8Array.of(128), values: Uint8Array.of(0x80) })).toEqual(
      Float32Array.of(-128),
    );
  });

  it('refuses runs of other lengths', () => {
    for (const format of FORMATS) {
      const source = new Float32Array(300);
      const good = emptyRun(format, 300);
      const other = emptyRun(format, 600);
      const few = { ...good, values: good.values.subarray(packedElementBytes(format)) };
      const extra = { ...good, exponents: new Uint8Array(packedExponents(format, 300) + 1) };
      for (const wrong of [other, few, extra]) {
        expect(() => kernels.pack(format, source, wrong, NO_KEY)).toThrow(RangeError);
        expect(() => kernels.unpack(format, wrong, source)).toThrow(RangeError);
        expect(() => kernels.addPacked(format, good, wrong, NO_KEY)).toThrow(RangeError);
        expect(() => kernels.addPacked(format, wrong, good, NO_KEY)).toThrow(RangeError);
      }
      expect(() => kernels.measurePacked(format, extra)).toThrow(RangeError);
    }
  });
});

/** IEEE 754-2019, 3.4: the value of a positive half that is no infinity or NaN. */
function valueOfHalf(half: number): number {
  const exponent = half >>> 10;
  const fraction = half & 0x3ff;
  return exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
}
