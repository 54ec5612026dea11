/** Sum of squares in eight float64 lanes; an element that is not finite makes its lane so. */

/**
 * Adds the squares of `bytes / 4` elements to eight float64 lanes at `lanes`, element i to lane i mod 8. All calls for
 * one vector but the last must hold a multiple of eight elements.
 */
export function measure(source: usize, bytes: usize, lanes: usize): void {
  const end = source + bytes;
  const wide = source + (bytes & ~31);
  let sum01 = v128.load(lanes);
  let sum23 = v128.load(lanes, 16);
  let sum45 = v128.load(lanes, 32);
  let sum67 = v128.load(lanes, 48);
  while (source < wide) {
    const low = v128.load(source);
    const high = v128.load(source, 16);
    const x01 = f64x2.promote_low_f32x4(low);
    const x23 = f64x2.promote_low_f32x4(v128.shuffle<i64>(low, low, 1, 1));
    const x45 = f64x2.promote_low_f32x4(high);
    const x67 = f64x2.promote_low_f32x4(v128.shuffle<i64>(high, high, 1, 1));
    sum01 = f64x2.add(sum01, f64x2.mul(x01, x01));
    sum23 = f64x2.add(sum23, f64x2.mul(x23, x23));
    sum45 = f64x2.add(sum45, f64x2.mul(x45, x45));
    sum67 = f64x2.add(sum67, f64x2.mul(x67, x67));
    source += 32;
  }
  v128.store(lanes, sum01);
  v128.store(lanes, sum23, 16);
  v128.store(lanes, sum45, 32);
  v128.store(lanes, sum67, 48);
  while (source < end) {
    const x: f64 = load<f32>(source);
    store<f64>(lanes, load<f64>(lanes) + x * x);
    source += 4;
    lanes += 8;
  }
}
