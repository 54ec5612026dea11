/**
 * Adds one vector to another with the bits of `add` in libs/vector.
 *
 * WGSL does not say how a sum is rounded, may flush subnormal numbers and may take it that none is infinite or NaN; one such
 * element among millions is usual in a gradient. So floats are added as the integers that their bits are: what integers do is
 * defined to the bit, on every device. IEEE 754, to nearest, ties to even; NaN stays NaN. The vectors' memory limits the speed, not
 * the thirty operations.
 */
import type { Kernel } from './shader.ts';
import { GROUP, MOST_WORKGROUPS } from './shader.ts';

/** `into += from`, both of as many elements as are bound. */
export const addKernel: Pick<Kernel, 'name' | 'code' | 'bindings'> = {
  name: 'sum of leaves',
  bindings: [
    { value: 0, access: 'read_write' },
    { value: 1, access: 'read' },
  ],
  code: `@group(0) @binding(0) var<storage, read_write> into: array<u32>;
@group(0) @binding(1) var<storage, read> from_: array<u32>;
const SIGN = 0x80000000u;
const MAGNITUDE = 0x7fffffffu;
const INFINITE = 0x7f800000u;
const HIDDEN = 0x800000u;
// With three bits below it: of what is shifted out they keep half a unit, a quarter, and whether there was more.
fn significand(bits: u32) -> u32 {
  return ((bits & 0x7fffffu) | select(HIDDEN, 0u, (bits & INFINITE) == 0u)) << 3u;
}
// Subnormal numbers have the exponent of the smallest normal ones.
fn exponent(bits: u32) -> u32 {
  return max((bits & INFINITE) >> 23u, 1u);
}
fn sum(a: u32, b: u32) -> u32 {
  let swap = (b & MAGNITUDE) > (a & MAGNITUDE);
  let large = select(a, b, swap);
  let small = select(b, a, swap);
  let opposite = ((large ^ small) & SIGN) != 0u;
  if ((large & INFINITE) == INFINITE) {
    let undefined_ = opposite && (small & MAGNITUDE) == INFINITE;
    let quiet = select(0u, 0x400000u, undefined_ || (large & MAGNITUDE) > INFINITE);
    return large | quiet;
  }
  var power = exponent(large);
  let distance = min(power - exponent(small), 31u);
  let whole = significand(small);
  let kept = whole >> distance;
  let aligned = kept | select(0u, 1u, (kept << distance) != whole);
  var digits = significand(large);
  digits = select(digits + aligned, digits - aligned, opposite);
  // Minus zero only from two of them.
  if (digits == 0u) { return large & small & SIGN; }
  if ((digits >> 27u) != 0u) {
    digits = (digits >> 1u) | (digits & 1u);
    power += 1u;
  } else {
    let up = min(countLeadingZeros(digits) - 5u, power - 1u);
    digits = digits << up;
    power -= up;
  }
  let rest = digits & 7u;
  digits = digits >> 3u;
  if (rest > 4u || (rest == 4u && (digits & 1u) == 1u)) { digits += 1u; }
  // The hidden bit is the last of the exponent, and a carry goes where it belongs.
  return (large & SIGN) | min(((power - 1u) << 23u) + digits, INFINITE);
}
@compute @workgroup_size(${GROUP})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + groups.x * workgroup.y) * ${GROUP}u + lane;
  if (i >= arrayLength(&into)) { return; }
  into[i] = sum(into[i], from_[i]);
}
`,
};

/** Workgroups that add so many elements. */
export function addWorkgroups(elements: number): Kernel['workgroups'] {
  const groups = Math.ceil(elements / GROUP);
  const across = Math.min(groups, MOST_WORKGROUPS);
  return [across, Math.ceil(groups / across), 1];
}
