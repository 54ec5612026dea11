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

/** log(1 + e^z). */
export function declareSoftplus(shader: Shader): void {
  declareExp(shader);
  shader.declare(
    'softplus',
    `fn softplus(z: f32) -> f32 {
  let e = exponential(-abs(z));
  return max(z, 0.0f) + select(log(1.0f + e), e - 0.5f * e * e, e < 1e-3f);
}`,
  );
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
