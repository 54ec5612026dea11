/**
 * Packing of float32 runs to bf16, f16 and int8, a block of 256 elements at a time. `src/packing-reference.ts` defines
 * the bits and says what they mean.
 *
 * Runs have a multiple of sixteen elements here: the stage fills up the last with zeros, which change neither a block's
 * largest magnitude nor a sum of squares. What passes between two packed runs lies in a scratch of two blocks, which
 * stays in a core's first-level cache.
 */
import { add } from './elementwise';
import { measure } from './measure';

const BF16: i32 = 0;
const INT8: i32 = 2;

const BLOCK_BYTES: usize = 1024;
const SIXTEEN_FLOATS: usize = 64;

/** Exponent bytes of blocks that have no exponent. */
const ALL_ZERO: i32 = 0;
const NOT_FINITE: i32 = 255;
/** Blocks with larger exponents are left to `pack`; gradients have none. */
const MOST_HALVED: i32 = 143;

export function pack(
  format: i32,
  source: usize,
  bytes: usize,
  exponents: usize,
  values: usize,
  first: i32,
  key0: i32,
  key1: i32,
): void {
  const end = source + bytes;
  while (source < end) {
    const to = min(source + BLOCK_BYTES, end);
    packBlock(format, source, to, exponents, values, first * 0x9e3779b1 + key0, key1);
    source = to;
    exponents += 1;
    values += packedBytes(format, BLOCK_BYTES);
    first += 256;
  }
}

export function unpack(format: i32, exponents: usize, values: usize, target: usize, bytes: usize): void {
  const end = target + bytes;
  while (target < end) {
    const to = min(target + BLOCK_BYTES, end);
    unpackBlock(format, exponents, values, target, to);
    target = to;
    exponents += 1;
    values += packedBytes(format, BLOCK_BYTES);
  }
}

export function addPacked(
  format: i32,
  targetExponents: usize,
  targetValues: usize,
  sourceExponents: usize,
  sourceValues: usize,
  bytes: usize,
  scratch: usize,
  first: i32,
  key0: i32,
  key1: i32,
): void {
  const other = scratch + BLOCK_BYTES;
  while (bytes > 0) {
    const size = min(BLOCK_BYTES, bytes);
    unpackBlock(format, targetExponents, targetValues, scratch, scratch + size);
    unpackBlock(format, sourceExponents, sourceValues, other, other + size);
    add(scratch, other, size);
    packBlock(format, scratch, scratch + size, targetExponents, targetValues, first * 0x9e3779b1 + key0, key1);
    targetExponents += 1;
    sourceExponents += 1;
    targetValues += packedBytes(format, BLOCK_BYTES);
    sourceValues += packedBytes(format, BLOCK_BYTES);
    first += 256;
    bytes -= size;
  }
}

/**
 * Whether `pack` would write this very run for what it unpacks to, and for the 2^(28 - least)-th part of that: each block's largest
 * element is in the binade that its exponent asks for.
 *
 * @param least exponent byte that a block must have unless it is zero.
 * @returns 1 or 0.
 */
export function isCanonical(format: i32, exponents: usize, values: usize, bytes: usize, least: i32): i32 {
  while (bytes > 0) {
    const size = min(BLOCK_BYTES, bytes);
    const byte: i32 = load<u8>(exponents);
    const packed = packedBytes(format, size);
    const largest = format === INT8 ? largestInteger(values, values + packed) : largestHalf(values, values + packed);
    const from = format === INT8 ? 64 : 0x7400;
    const to = format === INT8 ? 127 : 0x77ff;
    const isZero = byte === ALL_ZERO && !hasBits(values, values + packed);
    if (!isZero && (byte < least || byte > MOST_HALVED || largest < from || largest > to)) return 0;
    exponents += 1;
    values += packed;
    bytes -= size;
  }
  return 1;
}

/** Largest magnitude of halves, as integers. */
function largestHalf(values: usize, end: usize): i32 {
  let largest = i16x8.splat(0);
  while (values < end) {
    largest = i16x8.max_u(largest, v128.and(v128.load(values), i16x8.splat(0x7fff)));
    largest = i16x8.max_u(largest, v128.and(v128.load(values, 16), i16x8.splat(0x7fff)));
    values += 32;
  }
  return largestLane(i32x4.max_u(v128.and(largest, i32x4.splat(0xffff)), i32x4.shr_u(largest, 16)));
}

/** Largest magnitude of integers. */
function largestInteger(values: usize, end: usize): i32 {
  let largest = i8x16.splat(0);
  while (values < end) {
    largest = i8x16.max_u(largest, i8x16.abs(v128.load(values)));
    values += 16;
  }
  const words = i16x8.max_u(v128.and(largest, i16x8.splat(0xff)), i16x8.shr_u(largest, 8));
  return largestLane(i32x4.max_u(v128.and(words, i32x4.splat(0xffff)), i32x4.shr_u(words, 16)));
}

/** Whether a block of zeros has any bit set. */
function hasBits(values: usize, end: usize): bool {
  let bits = i32x4.splat(0);
  while (values < end) {
    bits = v128.or(bits, v128.load(values));
    values += 16;
  }
  return v128.any_true(bits);
}

/** Adds squares to eight float64 lanes at `lanes`; all calls for one run but the last hold whole blocks. */
export function measurePacked(
  format: i32,
  exponents: usize,
  values: usize,
  bytes: usize,
  scratch: usize,
  lanes: usize,
): void {
  while (bytes > 0) {
    const size = min(BLOCK_BYTES, bytes);
    unpackBlock(format, exponents, values, scratch, scratch + size);
    measure(scratch, size, lanes);
    exponents += 1;
    values += packedBytes(format, BLOCK_BYTES);
    bytes -= size;
  }
}

/** Bytes that so many bytes of float32 elements become. */
function packedBytes(format: i32, bytes: usize): usize {
  return format === INT8 ? bytes >> 2 : bytes >> 1;
}

/** @param counter what the first element's index makes of the generator's Weyl sequence. */
function packBlock(
  format: i32,
  source: usize,
  end: usize,
  exponent: usize,
  values: usize,
  counter: i32,
  key1: i32,
): void {
  if (format === BF16) {
    packBrainFloats(source, end, values);
    return;
  }
  const byte = exponentByte(format, largestMagnitude(source, end));
  store<u8>(exponent, byte);
  const scale = f32x4.splat(reinterpret<f32>((255 - byte) << 23));
  if (byte === ALL_ZERO || byte === NOT_FINITE) memory.fill(values, 0, packedBytes(format, end - source));
  else if (format === INT8) packIntegers(source, end, values, scale, counter, key1);
  else packHalves(source, end, values, scale);
}

function unpackBlock(format: i32, exponent: usize, values: usize, target: usize, end: usize): void {
  if (format === BF16) {
    unpackBrainFloats(values, target, end);
    return;
  }
  const byte: i32 = load<u8>(exponent);
  const scale = f32x4.splat(reinterpret<f32>((byte - 1) << 23));
  if (byte === ALL_ZERO) fill(target, end, 0);
  else if (byte === NOT_FINITE) fill(target, end, f32.NaN);
  else if (format === INT8) unpackIntegers(values, target, end, scale);
  else unpackHalves(values, target, end, scale);
}

function fill(target: usize, end: usize, value: f32): void {
  while (target < end) {
    v128.store(target, f32x4.splat(value));
    target += 16;
  }
}

function magnitudes(numbers: v128): v128 {
  return v128.and(numbers, i32x4.splat(0x7fffffff));
}

function largestMagnitude(source: usize, end: usize): i32 {
  let a = i32x4.splat(0);
  let b = a;
  while (source < end) {
    a = i32x4.max_u(a, i32x4.max_u(magnitudes(v128.load(source)), magnitudes(v128.load(source, 16))));
    b = i32x4.max_u(b, i32x4.max_u(magnitudes(v128.load(source, 32)), magnitudes(v128.load(source, 48))));
    source += SIXTEEN_FLOATS;
  }
  return largestLane(i32x4.max_u(a, b));
}

function largestLane(lanes: v128): i32 {
  lanes = i32x4.max_u(lanes, v128.shuffle<i32>(lanes, lanes, 2, 3, 0, 1));
  lanes = i32x4.max_u(lanes, v128.shuffle<i32>(lanes, lanes, 1, 0, 3, 2));
  return i32x4.extract_lane(lanes, 0);
}

function exponentByte(format: i32, largest: i32): i32 {
  if (largest >= 0x7f800000) return NOT_FINITE;
  const fraction = largest & 0x7fffff;
  const exponent =
    (largest >> 23) - 127 + (format === INT8 ? i32(fraction > 0x7e0000) - 6 : i32(fraction >= 0x7ff000) - 14);
  return exponent < -100 ? ALL_ZERO : exponent + 128;
}

function brainFloats(numbers: v128): v128 {
  const isNaN = i32x4.gt_s(magnitudes(numbers), i32x4.splat(0x7f800000));
  const words = v128.bitselect(i32x4.splat(0x7fc00000), numbers, isNaN);
  const odd = v128.and(i32x4.shr_u(words, 16), i32x4.splat(1));
  return i32x4.shr_u(i32x4.add(words, i32x4.add(odd, i32x4.splat(0x7fff))), 16);
}

function packBrainFloats(source: usize, end: usize, values: usize): void {
  while (source < end) {
    v128.store(values, i16x8.narrow_i32x4_u(brainFloats(v128.load(source)), brainFloats(v128.load(source, 16))));
    source += 32;
    values += 16;
  }
}

/** The first four of eight words, each in the upper half of a lane, zeros in the lower. */
function lowUpper(words: v128): v128 {
  return v128.shuffle<i16>(i32x4.splat(0), words, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** The last four of eight words likewise. */
function highUpper(words: v128): v128 {
  return v128.shuffle<i16>(i32x4.splat(0), words, 4, 12, 5, 13, 6, 14, 7, 15);
}

function unpackBrainFloats(values: usize, target: usize, end: usize): void {
  while (target < end) {
    const words = v128.load(values);
    v128.store(target, lowUpper(words));
    v128.store(target, highUpper(words), 16);
    target += 32;
    values += 16;
  }
}

/** As F. Giesen's float_to_half_fast3_rtne, for magnitudes below 2^16. */
function halves(numbers: v128): v128 {
  const magnitude = magnitudes(numbers);
  const denormal = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(magnitude, i32x4.add(odd, i32x4.splat(0xfff - (112 << 23)))), 13);
  const half = v128.bitselect(denormal, normal, i32x4.lt_s(magnitude, i32x4.splat(113 << 23)));
  return v128.or(half, v128.and(i32x4.shr_u(numbers, 16), i32x4.splat(0x8000)));
}

function packHalves(source: usize, end: usize, values: usize, scale: v128): void {
  while (source < end) {
    const low = halves(f32x4.mul(v128.load(source), scale));
    const high = halves(f32x4.mul(v128.load(source, 16), scale));
    v128.store(values, i16x8.narrow_i32x4_u(low, high));
    source += 32;
    values += 16;
  }
}

/** @param upper halves in the upper half of each lane. */
function numbersOfHalves(upper: v128, scale: v128): v128 {
  // The sign where a float32 has it, exponent and fraction three places lower: 2^-112 times the half's value.
  const numbers = v128.and(i32x4.shr_s(upper, 3), i32x4.splat(0x8fffe000));
  return f32x4.mul(f32x4.mul(numbers, f32x4.splat(reinterpret<f32>(239 << 23))), scale);
}

function unpackHalves(values: usize, target: usize, end: usize, scale: v128): void {
  while (target < end) {
    const words = v128.load(values);
    v128.store(target, numbersOfHalves(lowUpper(words), scale));
    v128.store(target, numbersOfHalves(highUpper(words), scale), 16);
    target += 32;
    values += 16;
  }
}

/** Rounds four numbers up or down with the four draws that `counters` and the key make. */
function integers(numbers: v128, counters: v128, key1: v128): v128 {
  let hash = i32x4.mul(v128.xor(counters, i32x4.shr_u(counters, 16)), i32x4.splat(0x85ebca6b));
  hash = i32x4.mul(v128.xor(v128.xor(hash, i32x4.shr_u(hash, 13)), key1), i32x4.splat(0xc2b2ae35));
  const uniform = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(hash, 16)), f32x4.splat(1.0 / 65536.0));
  // An integer of magnitude below 2^22 plus 1.5 * 2^23 has the integer in its lowest bits.
  const rounded = f32x4.add(f32x4.floor(f32x4.add(numbers, uniform)), f32x4.splat(12582912.0));
  return i32x4.sub(rounded, i32x4.splat(0x4b400000));
}

function packIntegers(source: usize, end: usize, values: usize, scale: v128, counter: i32, key1: i32): void {
  const key = i32x4.splat(key1);
  const step = i32x4.splat(4 * 0x9e3779b1);
  let a = i32x4.add(i32x4.splat(counter), i32x4(0, 0x9e3779b1, 2 * 0x9e3779b1, 3 * 0x9e3779b1));
  while (source < end) {
    const b = i32x4.add(a, step);
    const c = i32x4.add(b, step);
    const d = i32x4.add(c, step);
    const low = i16x8.narrow_i32x4_s(
      integers(f32x4.mul(v128.load(source), scale), a, key),
      integers(f32x4.mul(v128.load(source, 16), scale), b, key),
    );
    const high = i16x8.narrow_i32x4_s(
      integers(f32x4.mul(v128.load(source, 32), scale), c, key),
      integers(f32x4.mul(v128.load(source, 48), scale), d, key),
    );
    v128.store(values, i8x16.narrow_i16x8_s(low, high));
    a = i32x4.add(d, step);
    source += SIXTEEN_FLOATS;
    values += 16;
  }
}

function unpackIntegers(values: usize, target: usize, end: usize, scale: v128): void {
  while (target < end) {
    const words = v128.load8x8_s(values);
    v128.store(target, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)), scale));
    v128.store(target, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words)), scale), 16);
    target += 32;
    values += 8;
  }
}
