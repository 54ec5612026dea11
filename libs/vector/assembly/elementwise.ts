/**
 * Sum, scale and moving average over linear memory. `src/reference.ts` defines the bits; every file of this folder does
 * the same float32 operations in the same order, four at a time.
 *
 * Addresses are byte offsets into the imported memory, multiples of four; lengths are in bytes. Nothing allocates and
 * no static data exists, so all of the memory belongs to the caller. Relaxed SIMD, whose results differ between
 * machines, is never used.
 */

export function add(target: usize, source: usize, bytes: usize): void {
  const end = target + bytes;
  const wide = target + (bytes & ~63);
  while (target < wide) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
    v128.store(target, f32x4.add(v128.load(target, 16), v128.load(source, 16)), 16);
    v128.store(target, f32x4.add(v128.load(target, 32), v128.load(source, 32)), 32);
    v128.store(target, f32x4.add(v128.load(target, 48), v128.load(source, 48)), 48);
    target += 64;
    source += 64;
  }
  while (target < end) {
    store<f32>(target, load<f32>(target) + load<f32>(source));
    target += 4;
    source += 4;
  }
}

export function scale(target: usize, bytes: usize, factor: f32): void {
  const end = target + bytes;
  const wide = target + (bytes & ~63);
  const factors = f32x4.splat(factor);
  while (target < wide) {
    v128.store(target, f32x4.mul(v128.load(target), factors));
    v128.store(target, f32x4.mul(v128.load(target, 16), factors), 16);
    v128.store(target, f32x4.mul(v128.load(target, 32), factors), 32);
    v128.store(target, f32x4.mul(v128.load(target, 48), factors), 48);
    target += 64;
  }
  while (target < end) {
    store<f32>(target, load<f32>(target) * factor);
    target += 4;
  }
}

export function ema(average: usize, parameters: usize, bytes: usize, rate: f32): void {
  const end = average + bytes;
  const wide = average + (bytes & ~15);
  const rates = f32x4.splat(rate);
  while (average < wide) {
    const old = v128.load(average);
    v128.store(average, f32x4.add(old, f32x4.mul(f32x4.sub(v128.load(parameters), old), rates)));
    average += 16;
    parameters += 16;
  }
  while (average < end) {
    const old = load<f32>(average);
    store<f32>(average, old + (load<f32>(parameters) - old) * rate);
    average += 4;
    parameters += 4;
  }
}
