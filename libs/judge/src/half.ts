/** Half-precision numbers (IEEE 754 binary16) as weights are shipped: 16 bits, which JavaScript has no array of everywhere. */

const FRACTION_BITS = 10;
const FRACTIONS = 2 ** FRACTION_BITS;
const BIAS = 15;
const LARGEST_EXPONENT = 31;
/** The largest number; what would round beyond it is refused. */
const LARGEST = (2 - 1 / FRACTIONS) * 2 ** BIAS;
const SMALLEST_NORMAL = 2 ** (1 - BIAS);
/** Distance of neighbours below the smallest normal number. */
const SMALLEST = SMALLEST_NORMAL / FRACTIONS;

/** Exact: every half is a float. */
export function fromHalf(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> FRACTION_BITS) & LARGEST_EXPONENT;
  const fraction = bits & (FRACTIONS - 1);
  if (exponent === LARGEST_EXPONENT) return fraction === 0 ? sign * Infinity : NaN;
  let unit = SMALLEST;
  for (let e = 1; e < exponent; e++) unit *= 2;
  return sign * unit * (exponent === 0 ? fraction : FRACTIONS + fraction);
}

/**
 * The nearest half, of two as near the even one.
 *
 * @throws RangeError for what is not finite or beyond 65504.
 */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (!(size <= LARGEST)) throw new RangeError(`${value} is no half-precision number`);
  let exponent = 1;
  let unit = SMALLEST;
  while (size >= 2 * FRACTIONS * unit) {
    unit *= 2;
    exponent += 1;
  }
  // A quotient by a power of two is exact, and so is what it differs by from its floor.
  const quotient = size / unit;
  const below = Math.floor(quotient);
  const rest = quotient - below;
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  // What rounds up to the next power of two carries into the exponent by itself.
  return sign | ((exponent - 1) * FRACTIONS + rounded);
}
