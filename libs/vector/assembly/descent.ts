/** What the optimizer steps have in common. */

/** Moments below this magnitude are written as zero: 2^-100, an exact float32. */
const SMALLEST_MOMENT: f32 = 7.888609052210118e-31;

export function withoutTiny(moment: v128): v128 {
  // A comparison with NaN is false, so NaN stays; -0 becomes +0 as in the reference.
  return v128.andnot(moment, f32x4.lt(f32x4.abs(moment), f32x4.splat(SMALLEST_MOMENT)));
}

/** All bits if there is decay, else none: then nothing but +0 is taken away, which changes no bit of any number. */
export function maskOf(decay: f32): v128 {
  return i32x4.splat(decay === 0 ? 0 : -1);
}

export function decayed(parameters: v128, decay: f32, mask: v128): v128 {
  return f32x4.sub(parameters, v128.and(f32x4.mul(parameters, f32x4.splat(decay)), mask));
}
