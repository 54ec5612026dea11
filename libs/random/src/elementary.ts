/**
 * `exp`, `log`, the cosine and the inverse normal distribution with the same bits on every engine.
 *
 * ECMAScript leaves the last bits of Math.exp, Math.log and Math.cos open and engines do differ. These use only + - * / and
 * square roots, which IEEE 754 rounds exactly, and bit fields of doubles.
 *
 * Sources: FreeBSD msun `e_exp.c`, `e_log.c`, `k_cos.c` and `k_sin.c` (Sun Microsystems 1993) for the polynomials; Wichura, "Algorithm AS 241:
 * The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988), routine PPND16.
 */

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const INVERSE_LN2 = 1.442695040888963387;

const EXP = [
  1.66666666666666019037e-1, -2.77777777770155933842e-3, 6.61375632143793436117e-5, -1.6533902205465251539e-6,
  4.13813679705723846039e-8,
];
const LOG = [
  6.66666666666673513e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
  1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
];
const COS = [
  4.16666666666666019037e-2, -1.38888888888741095749e-3, 2.48015872894767294178e-5, -2.75573143513906633035e-7,
  2.0875723212981748279e-9, -1.13596475577881948265e-11,
];
const SIN = [
  -1.66666666666666324348e-1, 8.33333333332248946124e-3, -1.98412698298579493134e-4, 2.75573137070700676789e-6,
  -2.50507602534068634195e-8, 1.58969099521155010221e-10,
];

const CENTRE = {
  numerator: [
    3.387132872796366608, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
    4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
  ],
  denominator: [
    1, 4.2313330701600911252e1, 6.871870074920579083e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
    3.930789580009271061e4, 2.8729085735721942674e4, 5.226495278852854561e3,
  ],
};
const TAIL = {
  numerator: [
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 2.4178072517745061177e-1, 2.27238449892691845833e-2, 7.7454501427834140764e-4,
  ],
  denominator: [
    1, 2.05319162663775882187, 1.6763848301838038494, 6.8976733498510000455e-1, 1.4810397642748007459e-1,
    1.51986665636164571966e-2, 5.475938084995344946e-4, 1.05075007164441684324e-9,
  ],
};
const FAR_TAIL = {
  numerator: [
    6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 2.9656057182850489123e-1,
    2.6532189526576123093e-2, 1.2426609473880784386e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ],
  denominator: [
    1, 5.9983220655588793769e-1, 1.3692988092273580531e-1, 1.48753612908506148525e-2, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
  ],
};

const bits = new DataView(new ArrayBuffer(8));

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i];
  return value;
}

/** 2^k for a k whose power is a normal double. */
function powerOfTwo(k: number): number {
  bits.setUint32(0, (k + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** Natural logarithm; NaN below 0, -Infinity at 0. Error below one unit in the last place. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  const subnormal = x < 2.2250738585072014e-308;
  bits.setFloat64(0, subnormal ? x * 2 ** 54 : x);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - 1023 - (subnormal ? 54 : 0);
  // The mantissa goes to [sqrt(1/2), sqrt(2)), where the series converges fastest.
  const upper = (high & 0xfffff) >= 0x6a09e ? 1 : 0;
  exponent += upper;
  bits.setUint32(0, (high & 0xfffff) | ((1023 - upper) << 20));
  const f = bits.getFloat64(0) - 1;
  const s = f / (2 + f);
  const z = s * s;
  const half = 0.5 * f * f;
  return exponent * LN2_HIGH - (half - (s * (half + z * polynomial(LOG, z)) + exponent * LN2_LOW) - f);
}

/** e^x; 0 below -745.2, Infinity above 709.8. Error below one unit in the last place for normal results. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019411) return 0;
  const k = Math.floor(x * INVERSE_LN2 + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c = r - t * polynomial(EXP, t);
  const y = 1 - (low - (r * c) / (2 - c) - high);
  if (k > 1023) return y * 2 * powerOfTwo(1023);
  return k >= -1022 ? y * powerOfTwo(k) : y * powerOfTwo(k + 1000) * powerOfTwo(-1000);
}

/** log(1 + x) without losing small x; NaN below -1. */
export function log1p(x: number): number {
  const sum = 1 + x;
  if (sum === 1 || x === Infinity) return x;
  // The rounding of 1 + x is undone by the ratio (Goldberg 1991, theorem 4).
  return (log(sum) * x) / (sum - 1);
}

/**
 * cos(2 pi k / n): the k-th of n parts of a turn. Zeros and ones are exact. Error below one unit in the
 * last place, apart from the rounding of the angle itself.
 *
 * @param k any integer.
 * @param n a positive integer below 2^50.
 */
export function cosineOfTurn(k: number, n: number): number {
  // By symmetry an eighth of a turn is enough; all of this is exact integer arithmetic.
  const part = Math.abs(k) % n;
  const half = Math.min(part, n - part);
  const sign = 4 * half > n ? -1 : 1;
  const quarter = sign < 0 ? n - 2 * half : 2 * half;
  if (4 * quarter <= n) {
    const x = (Math.PI * quarter) / n;
    const z = x * x;
    return sign * (1 - (0.5 * z - z * z * polynomial(COS, z)));
  }
  const x = (Math.PI * (n - 2 * quarter)) / (2 * n);
  return sign * (x + x * x * x * polynomial(SIN, x * x));
}

/**
 * The quantile of the standard normal distribution, to about 1 part in 10^16.
 *
 * @param p probability in (0, 1); -Infinity at 0, Infinity at 1, NaN outside.
 */
export function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE.numerator, r)) / polynomial(CENTRE.denominator, r);
  }
  const tail = q < 0 ? p : 1 - p;
  if (tail === 0) return q < 0 ? -Infinity : Infinity;
  const r = Math.sqrt(-log(tail));
  const { numerator, denominator } = r <= 5 ? TAIL : FAR_TAIL;
  const shifted = r - (r <= 5 ? 1.6 : 5);
  const value = polynomial(numerator, shifted) / polynomial(denominator, shifted);
  return q < 0 ? -value : value;
}
