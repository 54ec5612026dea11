/**
 * How large a packed run can be at most, read off its exponents: a byte for each 256 elements instead of all of them.
 */
import { PACK_BLOCK } from './kernels.ts';
import type { PackedFormat, PackedRun } from './kernels.ts';

const NOT_FINITE = 255;
const EXPONENT_BIAS = 128;
/** Powers of two that no element, before its scale, reaches the magnitude of, whatever bytes came. */
const MAGNITUDE_BITS = { f16: 17, int8: 8 } as const;
const FLOAT32_BITS = 128;

const TABLES = { f16: squaresOfBlocks('f16'), int8: squaresOfBlocks('int8') };

/**
 * An upper bound of what `measurePacked` would call the run's sum of squares.
 *
 * @returns NaN if only the values can tell: in bf16, which has no exponents, and where one of them says that its block is
 *   not finite or may not be when it is unpacked.
 */
export function boundSquares(format: PackedFormat, { exponents }: PackedRun): number {
  if (format === 'bf16') return NaN;
  const table = TABLES[format];
  let sum = 0;
  for (let block = 0; block < exponents.length; block++) sum += table[exponents[block]];
  return sum;
}

/** Largest sum of squares that a block can have, by its exponent's byte. */
function squaresOfBlocks(format: keyof typeof MAGNITUDE_BITS): Float64Array {
  return Float64Array.from({ length: NOT_FINITE + 1 }, (_, byte) => {
    if (byte === 0) return 0;
    const bits = MAGNITUDE_BITS[format] + byte - EXPONENT_BIAS;
    return byte === NOT_FINITE || bits > FLOAT32_BITS ? NaN : PACK_BLOCK * 4 ** bits;
  });
}
