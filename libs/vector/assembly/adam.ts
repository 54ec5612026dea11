/** One Adam step. The last elements go through the same four-lane arithmetic as the others, one lane of it used. */
import { decayed, maskOf, withoutTiny } from './descent';

function nextFirst(first: v128, slope: v128, rate1: f32): v128 {
  return withoutTiny(f32x4.add(first, f32x4.mul(f32x4.sub(slope, first), f32x4.splat(rate1))));
}

function nextSecond(second: v128, slope: v128, rate2: f32): v128 {
  return withoutTiny(f32x4.add(second, f32x4.mul(f32x4.sub(f32x4.mul(slope, slope), second), f32x4.splat(rate2))));
}

function stepOf(m: v128, v: v128, alpha: f32, epsilon: f32): v128 {
  const scaled = f32x4.mul(m, f32x4.splat(alpha));
  return f32x4.div(scaled, f32x4.add(f32x4.sqrt(v), f32x4.splat(epsilon)));
}

export function adam(
  parameters: usize,
  first: usize,
  second: usize,
  gradient: usize,
  bytes: usize,
  alpha: f32,
  rate1: f32,
  rate2: f32,
  epsilon: f32,
  decay: f32,
): void {
  const mask = maskOf(decay);
  const end = parameters + bytes;
  const wide = parameters + (bytes & ~15);
  while (parameters < wide) {
    const slope = v128.load(gradient);
    const m = nextFirst(v128.load(first), slope, rate1);
    const v = nextSecond(v128.load(second), slope, rate2);
    v128.store(first, m);
    v128.store(second, v);
    const kept = decayed(v128.load(parameters), decay, mask);
    v128.store(parameters, f32x4.sub(kept, stepOf(m, v, alpha, epsilon)));
    parameters += 16;
    first += 16;
    second += 16;
    gradient += 16;
  }
  while (parameters < end) {
    const slope = v128.load32_zero(gradient);
    const m = nextFirst(v128.load32_zero(first), slope, rate1);
    const v = nextSecond(v128.load32_zero(second), slope, rate2);
    v128.store32_lane(first, m, 0);
    v128.store32_lane(second, v, 0);
    const kept = decayed(v128.load32_zero(parameters), decay, mask);
    v128.store32_lane(parameters, f32x4.sub(kept, stepOf(m, v, alpha, epsilon)), 0);
    parameters += 4;
    first += 4;
    second += 4;
    gradient += 4;
  }
}
