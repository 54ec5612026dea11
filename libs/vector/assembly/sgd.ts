/** A step of stochastic gradient descent, with and without momentum. */
import { decayed, maskOf, withoutTiny } from './descent';

export function sgd(parameters: usize, gradient: usize, bytes: usize, rate: f32, decay: f32): void {
  const mask = maskOf(decay);
  const end = parameters + bytes;
  const wide = parameters + (bytes & ~15);
  while (parameters < wide) {
    const step = f32x4.mul(v128.load(gradient), f32x4.splat(rate));
    v128.store(parameters, f32x4.sub(decayed(v128.load(parameters), decay, mask), step));
    parameters += 16;
    gradient += 16;
  }
  while (parameters < end) {
    const step = f32x4.mul(v128.load32_zero(gradient), f32x4.splat(rate));
    v128.store32_lane(parameters, f32x4.sub(decayed(v128.load32_zero(parameters), decay, mask), step), 0);
    parameters += 4;
    gradient += 4;
  }
}

function nextVelocity(velocity: v128, gradient: v128, momentum: f32): v128 {
  return withoutTiny(f32x4.add(f32x4.mul(velocity, f32x4.splat(momentum)), gradient));
}

export function sgdMomentum(
  parameters: usize,
  velocity: usize,
  gradient: usize,
  bytes: usize,
  rate: f32,
  momentum: f32,
  decay: f32,
): void {
  const mask = maskOf(decay);
  const end = parameters + bytes;
  const wide = parameters + (bytes & ~15);
  while (parameters < wide) {
    const v = nextVelocity(v128.load(velocity), v128.load(gradient), momentum);
    v128.store(velocity, v);
    const kept = decayed(v128.load(parameters), decay, mask);
    v128.store(parameters, f32x4.sub(kept, f32x4.mul(v, f32x4.splat(rate))));
    parameters += 16;
    velocity += 16;
    gradient += 16;
  }
  while (parameters < end) {
    const v = nextVelocity(v128.load32_zero(velocity), v128.load32_zero(gradient), momentum);
    v128.store32_lane(velocity, v, 0);
    const kept = decayed(v128.load32_zero(parameters), decay, mask);
    v128.store32_lane(parameters, f32x4.sub(kept, f32x4.mul(v, f32x4.splat(rate))), 0);
    parameters += 4;
    velocity += 4;
    gradient += 4;
  }
}
