/**
 * Whether something adds float32 vectors as the host does: the test that a device must pass before it adds leaves.
 *
 * A node of the reduction tree has the same bits wherever it was added, so one bit that differs is one too many.
 */
import { formulaWord } from '@gradcast/task';
import { referenceKernels } from '@gradcast/vector';

/** `left + right`, element by element. */
export type Adder = (left: Float32Array<ArrayBuffer>, right: Float32Array<ArrayBuffer>) => Promise<Float32Array>;

/** Adds operands of every kind, among them all that a device is known to do otherwise, and compares with `libs/vector`. */
export async function addsAsHost(add: Adder): Promise<boolean> {
  const [left, right] = sumOperands();
  const expected = left.slice();
  referenceKernels.add(expected, right);
  const found = await add(left, right);
  return found.length === expected.length && differingElement(found, expected) === undefined;
}

/** Index of the first element whose bits differ, undefined if none does; any NaN is like another, their bits are not defined. */
export function differingElement(found: Float32Array, expected: Float32Array): number | undefined {
  const index = expected.findIndex((value, i) => !Object.is(found[i], value));
  return index < 0 ? undefined : index;
}

/** One, its neighbours, powers of two from the smallest number to the largest, and what lies at the ends of binades. */
const EDGES: readonly number[] = [
  ...[0, 1, 2, 0x3fffff, 0x400000, 0x7ffffe, 0x7fffff, 0x800000, 0x800001, 0xffffff, 0x1000000],
  ...[0x0bffffff, 0x0c000000, 0x0c000001, 0x33000000, 0x33800000, 0x33800001, 0x34000000],
  ...[0x3f7fffff, 0x3f800000, 0x3f800001, 0x3f800002, 0x3f800003, 0x40000000, 0x4b000000, 0x4b000001, 0x4b7fffff],
  ...[0x4b800000, 0x4c000000, 0x7e7fffff, 0x7e800000, 0x7effffff, 0x7f000000, 0x7f7ffffe, 0x7f7fffff],
  ...[0x7f800000, 0x7fc00000],
];
const RANDOM = 4096;
/** Zeros, as between the tensors of a vector. All pairs are no multiple of what any device computes at a time. */
const PADDING = 36;
const ONE = 0x3f800000;

/** Pairs, one element of each vector: ties, cancellation, subnormal numbers, signed zeros, what is not finite, random ones, padding. */
export function sumOperands(): [left: Float32Array<ArrayBuffer>, right: Float32Array<ArrayBuffer>] {
  const signed = EDGES.flatMap((bits) => [bits, bits | 0x80000000]);
  const pairs = signed.flatMap((left) => signed.map((right) => [left, right]));
  for (let i = 0; i < PADDING; i++) pairs.push([0, 0]);
  for (let i = 0; i < RANDOM; i++) {
    const [left, right] = [formulaWord(0, i), formulaWord(1, i)];
    pairs.push([left, right]);
    // Of like size, so that all digits take part: ties come about in one of a few dozen.
    pairs.push([left, near(left, right)]);
    // What is left is small, in the end subnormal.
    pairs.push([left, (left ^ 0x80000000) + (right % 16) - 8]);
    const small = left & 0x83ffffff;
    pairs.push([small, near(small, right)]);
  }
  // One that shows whether it was added.
  pairs.push([ONE, ONE]);
  const floats = (side: number) => new Float32Array(Uint32Array.from(pairs, (pair) => pair[side]).buffer);
  return [floats(0), floats(1)];
}

/** Bits of a number at most 2^26 times smaller or larger, with few digits in every second one. */
function near(bits: number, word: number): number {
  const exponent = ((bits >>> 23) & 255) + ((word >>> 8) % 53) - 26;
  const clamped = Math.min(Math.max(exponent, 0), 254);
  const digits = word & 1 ? word & 0x7fffff : word & 0x700000;
  return ((word & 0x80000000) | (clamped << 23) | digits) >>> 0;
}
