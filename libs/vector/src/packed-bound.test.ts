import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packedElementBytes, packedExponents } from './kernels.ts';
import type { PackedRun } from './kernels.ts';
import { boundSquares } from './packed-bound.ts';
import { referenceKernels as kernels } from './reference.ts';

const FORMATS = ['f16', 'int8'] as const;
type Format = (typeof FORMATS)[number];

/** Any bytes at all, as they may come from the wire; large exponents often. */
function runs(format: Format): fc.Arbitrary<PackedRun> {
  return fc.integer({ min: 1, max: 600 }).chain((elements) => {
    const [exponents, bytes] = [packedExponents(format, elements), elements * packedElementBytes(format)];
    const exponent = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 255), fc.integer({ min: 235, max: 254 }));
    return fc.record({
      exponents: fc
        .array(exponent, { minLength: exponents, maxLength: exponents })
        .map((bytes) => Uint8Array.from(bytes)),
      values: fc.uint8Array({ minLength: bytes, maxLength: bytes }),
    });
  });
}

describe.each(FORMATS)('the bound of a run in %s', (format) => {
  it('holds for all bytes, and is no number where the run is not finite', () => {
    fc.assert(
      fc.property(runs(format), (run) => {
        const { sumOfSquares, finite } = kernels.measurePacked(format, run);
        const bound = boundSquares(format, run);
        if (!finite) expect(bound).toBeNaN();
        else if (!Number.isNaN(bound)) expect(bound).toBeGreaterThanOrEqual(sumOfSquares);
      }),
      { numRuns: 500 },
    );
  });

  it('holds for the largest magnitudes under every exponent', () => {
    // -128, and the half with all bits set.
    const values = format === 'int8' ? new Uint8Array(256).fill(0x80) : new Uint8Array(512).fill(0xff);
    for (let byte = 0; byte <= 255; byte++) {
      const run = { exponents: Uint8Array.of(byte), values };
      const { sumOfSquares, finite } = kernels.measurePacked(format, run);
      const bound = boundSquares(format, run);
      expect([byte, Number.isNaN(bound) ? !finite || byte > 230 : finite && bound >= sumOfSquares]).toEqual([
        byte,
        true,
      ]);
    }
  });

  it('is near enough to tell sound gradients: within 64 times the norm', () => {
    const vector = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) ** 3 * 1e-4);
    const run = {
      exponents: new Uint8Array(packedExponents(format, vector.length)),
      values: new Uint8Array(vector.length * packedElementBytes(format)),
    };
    kernels.pack(format, vector, run, { key0: 1, key1: 2, first: 0 });
    const { sumOfSquares } = kernels.measurePacked(format, run);
    expect(Math.sqrt(boundSquares(format, run) / sumOfSquares)).toBeLessThan(64);
  });
});

describe('the bound of a run in bf16', () => {
  it('is unknown: there are no exponents', () => {
    expect(boundSquares('bf16', { exponents: new Uint8Array(0), values: new Uint8Array(2) })).toBeNaN();
  });
});
