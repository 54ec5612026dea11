/**
 * Standard normal numbers of a Philox4x32-10 stream, with the bits of `fillNormal` in libs/random: the same float64 operations in the
 * same order, from the same words. Constants and sources stand there (`philox.ts`, `elementary.ts`).
 */

/** Fills `blocks` times four float32 numbers from block number `block` on. */
export function normal(
  target: usize,
  blocks: i32,
  key0: u32,
  key1: u32,
  blockLow: u32,
  blockHigh: u32,
  stream: u32,
  index: u32,
): void {
  let block: u64 = (u64(blockHigh) << 32) | u64(blockLow);
  for (let i = 0; i < blocks; i++) {
    let c0 = u32(block);
    let c1 = u32(block >> 32);
    let c2 = stream;
    let c3 = index;
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const a: u64 = u64(0xd2511f53) * u64(c0);
      const b: u64 = u64(0xcd9e8d57) * u64(c2);
      c0 = u32(b >> 32) ^ c1 ^ k0;
      c1 = u32(b);
      c2 = u32(a >> 32) ^ c3 ^ k1;
      c3 = u32(a);
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    store<f32>(target, numberOf(c0));
    store<f32>(target, numberOf(c1), 4);
    store<f32>(target, numberOf(c2), 8);
    store<f32>(target, numberOf(c3), 12);
    target += 16;
    block += 1;
  }
}

function numberOf(word: u32): f32 {
  return f32(inverseNormal((f64(word) + 0.5) * 2.3283064365386963e-10));
}

/** @param p in (0, 1), both ends left out. */
function inverseNormal(p: f64): f64 {
  const q = p - 0.5;
  if (abs<f64>(q) <= 0.425) {
    const r = 0.180625 - q * q;
    const above =
      ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r +
        4.5921953931549871457e4) *
        r +
        1.3731693765509461125e4) *
        r +
        1.9715909503065514427e3) *
        r +
        1.3314166789178437745e2) *
        r +
      3.387132872796366608;
    const below =
      ((((((5.226495278852854561e3 * r + 2.8729085735721942674e4) * r + 3.930789580009271061e4) * r +
        2.1213794301586595867e4) *
        r +
        5.3941960214247511077e3) *
        r +
        6.871870074920579083e2) *
        r +
        4.2313330701600911252e1) *
        r +
      1.0;
    return (q * above) / below;
  }
  // At most 4.8 for a word of 32 bits, so the routine's far tail is not needed.
  const x = sqrt<f64>(-log(q < 0 ? p : 1.0 - p)) - 1.6;
  const above =
    ((((((7.7454501427834140764e-4 * x + 2.27238449892691845833e-2) * x + 2.4178072517745061177e-1) * x +
      1.27045825245236838258) *
      x +
      3.64784832476320460504) *
      x +
      5.7694972214606914055) *
      x +
      4.6303378461565452959) *
      x +
    1.42343711074968357734;
  const below =
    ((((((1.05075007164441684324e-9 * x + 5.475938084995344946e-4) * x + 1.51986665636164571966e-2) * x +
      1.4810397642748007459e-1) *
      x +
      6.8976733498510000455e-1) *
      x +
      1.6763848301838038494) *
      x +
      2.05319162663775882187) *
      x +
    1.0;
  const value = above / below;
  return q < 0 ? -value : value;
}

/** @param x a normal number above zero. */
function log(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  const high = u32(bits >> 32);
  const fraction = high & 0xfffff;
  const upper: i32 = fraction >= 0x6a09e ? 1 : 0;
  const exponent = f64(i32(high >> 20) - 1023 + upper);
  const mantissa = (u64(fraction | u32((1023 - upper) << 20)) << 32) | (bits & 0xffffffff);
  const f = reinterpret<f64>(mantissa) - 1.0;
  const s = f / (2.0 + f);
  const z = s * s;
  const half = 0.5 * f * f;
  const series =
    (((((1.479819860510658591e-1 * z + 1.531383769920937332e-1) * z + 1.818357216161805012e-1) * z +
      2.222219843214978396e-1) *
      z +
      2.857142874366239149e-1) *
      z +
      3.999999999940941908e-1) *
      z +
    6.66666666666673513e-1;
  return (
    exponent * 6.9314718036912381649e-1 - (half - (s * (half + z * series) + exponent * 1.90821492927058770002e-10) - f)
  );
}
