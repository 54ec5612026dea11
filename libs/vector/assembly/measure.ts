/** Sum of squares in eight float64 lanes; an element that is not finite makes its lane so. */

/** Squares of the first two of four floats, as doubles: exact. */
function squares(floats: v128): v128 {
  const doubles = f64x2.promote_low_f32x4(floats);
  return f64x2.mul(doubles, doubles);
}

function upper(floats: v128): v128 {
  return v128.shuffle<i64>(floats, floats, 1, 1);
}

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
    sum01 = f64x2.add(sum01, squares(low));
    sum23 = f64x2.add(sum23, squares(upper(low)));
    sum45 = f64x2.add(sum45, squares(high));
    sum67 = f64x2.add(sum67, squares(upper(high)));
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

/** Multiplies elements by `factor` and adds the squares of the products, as `measure` does. */
export function scaleMeasured(target: usize, bytes: usize, factor: f32, lanes: usize): void {
  const factors = f32x4.splat(factor);
  const end = target + bytes;
  const wide = target + (bytes & ~31);
  let sum01 = v128.load(lanes);
  let sum23 = v128.load(lanes, 16);
  let sum45 = v128.load(lanes, 32);
  let sum67 = v128.load(lanes, 48);
  while (target < wide) {
    const low = f32x4.mul(v128.load(target), factors);
    const high = f32x4.mul(v128.load(target, 16), factors);
    v128.store(target, low);
    v128.store(target, high, 16);
    sum01 = f64x2.add(sum01, squares(low));
    sum23 = f64x2.add(sum23, squares(upper(low)));
    sum45 = f64x2.add(sum45, squares(high));
    sum67 = f64x2.add(sum67, squares(upper(high)));
    target += 32;
  }
  v128.store(lanes, sum01);
  v128.store(lanes, sum23, 16);
  v128.store(lanes, sum45, 32);
  v128.store(lanes, sum67, 48);
  while (target < end) {
    const product = load<f32>(target) * factor;
    store<f32>(target, product);
    const x: f64 = product;
    store<f64>(lanes, load<f64>(lanes) + x * x);
    target += 4;
    lanes += 8;
  }
}
