/**
 * Packing of float32 runs to bf16, f16 and int8 in plain TypeScript: this file defines the bits.
 *
 * f16 and int8 scale each block of 256 elements by a power of two that its largest magnitude decides, so gradients far
 * below the smallest half keep their digits and the scale itself rounds nothing. A block's exponent is chosen such that
 * its largest element does not leave its binade when it is rounded: packing what was unpacked changes nothing.
 *
 * Formulas, sources and limits: docs/kernels.md, "Packing".
 */
import { packedElements, requirePacked } from './checks.ts';
import { PACK_BLOCK } from './kernels.ts';
import type { Measure, PackedFormat, PackedRun, Rounding } from './kernels.ts';
import { MEASURE_LANES, sumOfLanes } from './measure.ts';

const fround = Math.fround;

const MAGNITUDE = 0x7fffffff;
const INFINITY = 0x7f800000;
const QUIET_NAN = 0x7fc00000;

/** Exponent bytes of blocks that have no exponent. */
const ALL_ZERO = 0;
const NOT_FINITE = 255;
const EXPONENT_BIAS = 128;
/** Blocks that would need a smaller exponent become zero: below it an unpacked half could be a denormal float32. */
const SMALLEST_EXPONENT = -100;

/** Number and bits of one float32. */
const number = new Float32Array(1);
const bits = new Uint32Array(number.buffer);

/** Unpacked blocks of the two operands of a sum. */
const left = new Float32Array(PACK_BLOCK);
const right = new Float32Array(PACK_BLOCK);

/** Where a block lies in a run. */
interface Block {
  readonly from: number;
  readonly to: number;
  readonly exponents: Uint8Array;
  readonly values: Uint8Array;
}

export function pack(format: PackedFormat, source: Float32Array, target: PackedRun, rounding: Rounding): void {
  requirePacked(format, source.length, target);
  for (const block of blocksOf(target, source.length)) {
    packBlock(format, source.subarray(block.from, block.to), block, rounding);
  }
}

export function unpack(format: PackedFormat, source: PackedRun, target: Float32Array): void {
  requirePacked(format, target.length, source);
  for (const block of blocksOf(source, target.length)) {
    unpackBlock(format, block, target.subarray(block.from, block.to));
  }
}

export function addPacked(format: PackedFormat, target: PackedRun, source: PackedRun, rounding: Rounding): void {
  const elements = packedElements(format, target);
  requirePacked(format, elements, source);
  for (const block of blocksOf(target, elements)) {
    const sum = left.subarray(0, block.to - block.from);
    unpackBlock(format, block, sum);
    unpackBlock(format, { ...block, ...source }, right);
    for (let i = 0; i < sum.length; i++) sum[i] += right[i];
    packBlock(format, sum, block, rounding);
  }
}

/** Exponents of blocks that a division by their exponents alone is tried of; gradients are nowhere near the largest. */
export const HALVED_EXPONENTS = { from: EXPONENT_BIAS + SMALLEST_EXPONENT, to: 143 } as const;
/** What the largest magnitude of a block is, as an integer, after packing. */
const LARGEST = { f16: { from: 0x7400, to: 0x77ff }, int8: { from: 64, to: 127 } } as const;

export function halvePacked(format: PackedFormat, target: PackedRun, halvings: number): boolean {
  const elements = packedElements(format, target);
  if (format === 'bf16') return false;
  const { from, to } = LARGEST[format];
  for (const block of blocksOf(target, elements)) {
    const exponent = block.exponents[block.from / PACK_BLOCK];
    const values = format === 'f16' ? wordsOf(block) : bytesOf(block);
    if (exponent === ALL_ZERO && values.every((value) => value === 0)) continue;
    let largest = 0;
    for (const value of values) largest = Math.max(largest, format === 'f16' ? value & 0x7fff : Math.abs(value));
    const isPlain = exponent >= HALVED_EXPONENTS.from + halvings && exponent <= HALVED_EXPONENTS.to;
    if (!isPlain || largest < from || largest > to) return false;
  }
  lowerExponents(target, halvings);
  return true;
}

/** Of blocks that are not zero. */
export function lowerExponents({ exponents }: PackedRun, by: number): void {
  for (let block = 0; block < exponents.length; block++) if (exponents[block] !== ALL_ZERO) exponents[block] -= by;
}

export function measurePacked(format: PackedFormat, source: PackedRun): Measure {
  const lanes = new Float64Array(MEASURE_LANES);
  for (const block of blocksOf(source, packedElements(format, source))) {
    unpackBlock(format, block, left);
    for (let i = 0; i < block.to - block.from; i++) lanes[i % MEASURE_LANES] += left[i] * left[i];
  }
  return sumOfLanes(lanes);
}

function* blocksOf({ exponents, values }: PackedRun, elements: number): Generator<Block> {
  for (let from = 0; from < elements; from += PACK_BLOCK) {
    yield { from, to: Math.min(from + PACK_BLOCK, elements), exponents, values };
  }
}

function packBlock(format: PackedFormat, source: Float32Array, block: Block, rounding: Rounding): void {
  if (format === 'bf16') {
    packBrainFloats(source, wordsOf(block));
    return;
  }
  const exponent = exponentByte(format, source);
  block.exponents[block.from / PACK_BLOCK] = exponent;
  if (exponent === ALL_ZERO || exponent === NOT_FINITE) {
    if (format === 'f16') wordsOf(block).fill(0);
    else bytesOf(block).fill(0);
  } else if (format === 'f16') {
    packHalves(source, wordsOf(block), powerOfTwo(EXPONENT_BIAS - exponent));
  } else {
    const first = rounding.first + block.from;
    packIntegers(source, bytesOf(block), powerOfTwo(EXPONENT_BIAS - exponent), { ...rounding, first });
  }
}

/** Writes as many elements to `target` as the block has. */
function unpackBlock(format: PackedFormat, block: Block, target: Float32Array): void {
  if (format === 'bf16') {
    unpackBrainFloats(wordsOf(block), target);
    return;
  }
  const exponent = block.exponents[block.from / PACK_BLOCK];
  const length = block.to - block.from;
  if (exponent === ALL_ZERO) target.fill(0, 0, length);
  else if (exponent === NOT_FINITE) target.fill(NaN, 0, length);
  else if (format === 'f16') unpackHalves(wordsOf(block), target, powerOfTwo(exponent - EXPONENT_BIAS));
  else unpackIntegers(bytesOf(block), target, powerOfTwo(exponent - EXPONENT_BIAS));
}

function wordsOf({ from, to, values }: Block): Uint16Array {
  return new Uint16Array(values.buffer, values.byteOffset + from * Uint16Array.BYTES_PER_ELEMENT, to - from);
}

function bytesOf({ from, to, values }: Block): Int8Array {
  return new Int8Array(values.buffer, values.byteOffset + from, to - from);
}

/** 2^exponent as a float32 for exponents from -126 to 127; 0 for -127. */
function powerOfTwo(exponent: number): number {
  bits[0] = (exponent + 127) << 23;
  return number[0];
}

/** What a block's largest magnitude makes its exponent. */
function exponentByte(format: 'f16' | 'int8', source: Float32Array): number {
  let largest = 0;
  for (const word of new Uint32Array(source.buffer, source.byteOffset, source.length)) {
    largest = Math.max(largest, word & MAGNITUDE);
  }
  if (largest >= INFINITY) return NOT_FINITE;
  const binade = (largest >>> 23) - 127;
  const fraction = largest & 0x7fffff;
  // f16: the largest half becomes less than 2^15, or 2^14 when it would round up to 2^15. int8: at most 127.
  const exponent =
    format === 'f16' ? binade - 14 + Number(fraction >= 0x7ff000) : binade - 6 + Number(fraction > 0x7e0000);
  return exponent < SMALLEST_EXPONENT ? ALL_ZERO : exponent + EXPONENT_BIAS;
}

/** The upper halves of float32 numbers, to nearest, ties to even; every NaN becomes the same one. */
function packBrainFloats(source: Float32Array, target: Uint16Array): void {
  const words = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let i = 0; i < words.length; i++) {
    const word = (words[i] & MAGNITUDE) > INFINITY ? QUIET_NAN : words[i];
    target[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

function unpackBrainFloats(source: Uint16Array, target: Float32Array): void {
  const words = new Uint32Array(target.buffer, target.byteOffset, source.length);
  for (let i = 0; i < words.length; i++) words[i] = source[i] << 16;
}

/** IEEE 754 binary16 to nearest, ties to even, of `source[i] * scale`, which is below 2^15. */
function packHalves(source: Float32Array, target: Uint16Array, scale: number): void {
  for (let i = 0; i < source.length; i++) {
    number[0] = source[i] * scale;
    const magnitude = bits[0] & MAGNITUDE;
    const sign = (bits[0] >>> 16) & 0x8000;
    // Denormal halves are multiples of 2^-24, as are the float32 numbers from 0.5 to 1; the others get another bias.
    if (magnitude < 113 << 23) target[i] = sign | ((fround(Math.abs(number[0]) + 0.5) - 0.5) * 2 ** 24);
    else target[i] = sign | ((magnitude - (112 << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
}

/** Halves times `scale`. The largest exponent means no infinity or NaN here: it is read as one more binade. */
function unpackHalves(source: Uint16Array, target: Float32Array, scale: number): void {
  for (let i = 0; i < source.length; i++) {
    // A half's bits in a float32's place mean 2^-112 times its value, denormal or not.
    bits[0] = (source[i] & 0x7fff) << 13;
    const magnitude = number[0] * 2 ** 112;
    target[i] = (source[i] & 0x8000 ? -magnitude : magnitude) * scale;
  }
}

/** One of the two integers around `source[i] * scale`, the nearer with the greater probability: right in the mean. */
function packIntegers(source: Float32Array, target: Int8Array, scale: number, rounding: Rounding): void {
  for (let i = 0; i < source.length; i++) {
    // At most 127 before and less than 128 after the addition: no bound is needed.
    target[i] = Math.floor(fround(fround(source[i] * scale) + uniform(rounding, i)));
  }
}

function unpackIntegers(source: Int8Array, target: Float32Array, scale: number): void {
  for (let i = 0; i < source.length; i++) target[i] = source[i] * scale;
}

/**
 * A multiple of 2^-16 from 0 to below 1 that key and index decide: MurmurHash3's finaliser over a Weyl sequence, the
 * second key word added in its middle. Sixteen bits, so that a sum with an integer up to 127 is exact in float32.
 */
function uniform({ key0, key1, first }: Rounding, index: number): number {
  let hash = (Math.imul(first + index, 0x9e3779b1) + key0) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ key1, 0xc2b2ae35);
  // The finaliser's last step leaves the upper half as it is.
  return (hash >>> 16) * 2 ** -16;
}
