/** Elementary functions with errors of a few units in the last place; WGSL promises less of its own. */
import type { ActivationUse } from '@gradcast/network';
import type { Shader } from './shader.ts';

/** e^x, after Cephes' `expf`: range reduction by ln 2 in two parts and a polynomial. */
export function declareExp(shader: Shader): void {
  shader.declare(
    'exponential',
    `fn exponential(wide: f32) -> f32 {
  let x = clamp(wide, -87.0f, 88.0f);
  let n = round(x * 1.44269504f);
  let r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  let p = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r
    + 1.6666665459e-1f) * r + 5.0000001201e-1f;
  return ldexp(p * r * r + r + 1.0f, i32(n));
}`,
  );
}

/** The logistic function. */
export function declareLogistic(shader: Shader): void {
  declareExp(shader);
  shader.declare(
    'logistic',
    `fn logistic(z: f32) -> f32 {
  let e = exponential(-abs(z));
  return select(e, 1.0f, z >= 0.0f) / (1.0f + e);
}`,
  );
}

/** log(1 + x) for x from 0 to 1, after Cephes' `logf`; WGSL allows its own `log` an absolute error near 1. */
function declareLog(shader: Shader): void {
  // Halved where 1 + x is above the root of 2.
  shader.declare(
    'logOfSum',
    `fn logOfSum(x: f32) -> f32 {
  let isHalved = x > 0.41421356f;
  let f = select(x, 0.5f * (x - 1.0f), isHalved);
  let p = ((((((((7.0376836292e-2f * f - 1.1514610310e-1f) * f + 1.1676998740e-1f) * f - 1.2420140846e-1f) * f
    + 1.4249322787e-1f) * f - 1.6668057665e-1f) * f + 2.0000714765e-1f) * f - 2.4999993993e-1f) * f + 3.3333331174e-1f);
  return f * f * f * p - 0.5f * f * f + f + select(0.0f, 0.69314718f, isHalved);
}`,
  );
}

/** The natural logarithm of numbers above 0. */
export function declareLogarithm(shader: Shader): void {
  declareLog(shader);
  shader.declare(
    'logarithm',
    `fn logarithm(x: f32) -> f32 {
  let parts = frexp(x);
  return logOfSum(2.0f * parts.fract - 1.0f) + f32(parts.exp - 1) * 0.69314718f;
}`,
  );
}

/** log(1 + e^z). */
export function declareSoftplus(shader: Shader): void {
  declareExp(shader);
  declareLog(shader);
  shader.declare('softplus', `fn softplus(z: f32) -> f32 { return max(z, 0.0f) + logOfSum(exponential(-abs(z))); }`);
}

/** The activation of an expression, as one. */
export function activated(shader: Shader, { activation, slope }: ActivationUse, v: string): string {
  switch (activation) {
    case 'tanh':
      declareExp(shader);
      // Near 0 the quotient would cancel.
      shader.declare(
        'hyperbolic',
        `fn hyperbolic(x: f32) -> f32 {
  let s = x * x;
  let small = x + x * s * (-0.33333333f + s * (0.13333333f + s * (-0.053968254f + s * 0.021869489f)));
  let e = exponential(-2.0f * abs(x));
  return select(sign(x) * (1.0f - e) / (1.0f + e), small, abs(x) < 0.25f);
}`,
      );
      return `hyperbolic(${v})`;
    case 'sigmoid':
      declareLogistic(shader);
      return `logistic(${v})`;
    case 'relu':
      return `max(${v}, 0.0f)`;
    case 'leaky_relu':
      return `select(${slope}f * ${v}, ${v}, ${v} > 0.0f)`;
    default:
      return activation satisfies never;
  }
}

/** The derivative of the activation where it gave y, as an expression. */
export function derivative({ activation, slope }: ActivationUse, y: string): string {
  switch (activation) {
    case 'tanh':
      return `(1.0f - ${y} * ${y})`;
    case 'sigmoid':
      return `(${y} * (1.0f - ${y}))`;
    case 'relu':
      return `select(0.0f, 1.0f, ${y} > 0.0f)`;
    case 'leaky_relu':
      return `select(${slope}f, 1.0f, ${y} > 0.0f)`;
    default:
      return activation satisfies never;
  }
}
