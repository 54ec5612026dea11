import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceKernels as kernels, SMALLEST_MOMENT } from './reference.ts';

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const vector = (length: number) =>
  fc.float32Array({ minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true });
const anyVector = fc.integer({ min: 0, max: 70 }).chain(vector);
const pair = fc.integer({ min: 0, max: 70 }).chain((length) => fc.tuple(vector(length), vector(length)));

describe('add', () => {
  it('is the float32 sum of each element, in either order', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const left = a.slice();
        const right = b.slice();
        kernels.add(left, b);
        kernels.add(right, a);
        expect(left).toEqual(Float32Array.from(a, (value, i) => Math.fround(value + b[i])));
        expect(right).toEqual(left);
      }),
    );
  });

  it('refuses vectors of different lengths', () => {
    expect(() => kernels.add(new Float32Array(3), new Float32Array(4))).toThrow(RangeError);
  });
});

describe('scale', () => {
  it('multiplies by the factor rounded to float32', () => {
    fc.assert(
      fc.property(anyVector, float, (a, factor) => {
        const scaled = a.slice();
        kernels.scale(scaled, factor);
        expect(scaled).toEqual(Float32Array.from(a, (value) => Math.fround(value * Math.fround(factor))));
      }),
    );
  });
});

describe('measure', () => {
  it('is near the naive sum of squares and sees each element of its range only', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ min: -100, max: 100, noNaN: true, maxLength: 70 }),
        fc.nat(70),
        fc.nat(70),
        (a, x, y) => {
          const from = Math.min(x, y, a.length);
          const to = Math.min(Math.max(x, y), a.length);
          const naive = a.subarray(from, to).reduce((sum, value) => sum + value * value, 0);
          expect(kernels.measure(a, from, to).sumOfSquares).toBeCloseTo(naive, 6);
        },
      ),
    );
  });

  it('finds one element that is not finite wherever it stands', () => {
    for (const wrong of [NaN, Infinity, -Infinity]) {
      for (let place = 0; place < 21; place++) {
        const a = new Float32Array(21).fill(1);
        expect(kernels.measure(a, 0, 21)).toEqual({ sumOfSquares: 21, finite: true });
        a[place] = wrong;
        expect(kernels.measure(a, 0, 21).finite).toBe(false);
      }
    }
  });

  it('does not call the largest float32 values infinite', () => {
    expect(kernels.measure(new Float32Array(64).fill(3.4e38), 0, 64).finite).toBe(true);
  });
});

describe('scaleMeasured', () => {
  it('is scale and then measure, of its range alone', () => {
    fc.assert(
      fc.property(anyVector, float, fc.nat(70), (a, factor, start) => {
        const from = Math.min(start, a.length);
        const [once, twice] = [a.slice(), a.slice()];
        const elsewhere = new Float32Array(a.length).fill(7);
        const range = { from, to: a.length };
        const measured = kernels.scaleMeasured(elsewhere, once, factor, range);
        expect(once).toEqual(twice);
        expect(elsewhere.subarray(0, from)).toEqual(new Float32Array(from).fill(7));
        kernels.scale(twice.subarray(from), factor);
        expect(elsewhere.subarray(from)).toEqual(twice.subarray(from));
        expect(measured).toEqual(kernels.measure(twice, from, a.length));
        expect(kernels.scaleMeasured(once, once, factor, range)).toEqual(measured);
        expect(once).toEqual(twice);
      }),
    );
  });
});

describe('adam', () => {
  const scalars = { alpha: 1e-3, oneMinusBeta1: 0.1, oneMinusBeta2: 0.001, epsilon: 1e-7 };

  it('follows the formula in float64 within float32 rounding', () => {
    fc.assert(
      fc.property(fc.float32Array({ min: -4, max: 4, noNaN: true, minLength: 1, maxLength: 20 }), (gradient) => {
        const parameters = new Float32Array(gradient.length).fill(0.5);
        const moments = {
          first: new Float32Array(gradient.length).fill(0.25),
          second: new Float32Array(gradient.length).fill(0.125),
        };
        kernels.adam(parameters, moments, gradient, scalars);
        gradient.forEach((slope, i) => {
          const m = 0.9 * 0.25 + 0.1 * slope;
          const v = 0.999 * 0.125 + 0.001 * slope * slope;
          expect(moments.first[i]).toBeCloseTo(m, 6);
          expect(moments.second[i]).toBeCloseTo(v, 6);
          expect(parameters[i]).toBeCloseTo(0.5 - (1e-3 * m) / (Math.sqrt(v) + 1e-7), 6);
        });
      }),
    );
  });

  it('writes moments too small to matter as zero and leaves padding at zero', () => {
    const parameters = new Float32Array(2);
    const moments = { first: Float32Array.of(SMALLEST_MOMENT, 0), second: Float32Array.of(1e-40, 0) };
    kernels.adam(parameters, moments, new Float32Array(2), scalars);
    expect(moments.first).toEqual(new Float32Array(2));
    expect(moments.second).toEqual(new Float32Array(2));
    expect(parameters).toEqual(new Float32Array(2));
  });
});

describe('decay', () => {
  const parameters = () => Float32Array.of(1, -2, -0, 3);
  const scalars = { alpha: 1e-3, oneMinusBeta1: 0.1, oneMinusBeta2: 0.001, epsilon: 1e-7 };
  const gradient = Float32Array.of(0.5, -0.5, 0, -0);

  it('takes its share of each parameter beside the step', () => {
    const [plain, adam, sgd] = [parameters(), parameters(), parameters()];
    const moments = () => ({ first: new Float32Array(4), second: new Float32Array(4) });
    kernels.adam(plain, moments(), gradient, scalars);
    kernels.adam(adam, moments(), gradient, { ...scalars, decay: 0.25 });
    kernels.sgd(sgd, gradient, { rate: 0.5, decay: 0.25 });
    parameters().forEach((value, i) => {
      expect(adam[i] - plain[i]).toBeCloseTo(-value / 4, 6);
      expect(sgd[i]).toBeCloseTo(value * 0.75 - gradient[i] / 2, 6);
    });
  });

  it('of zero changes no bit, the sign of zero among them', () => {
    const [without, zero] = [parameters(), parameters()];
    for (const [target, decay] of [
      [without, undefined],
      [zero, 0],
    ] as const) {
      kernels.sgd(target, gradient, { rate: 0, decay });
    }
    expect(zero).toEqual(without);
    expect(Object.is(zero[2], -0)).toBe(true);
  });
});

describe('sgd', () => {
  it('follows the gradient, or a velocity that gathers gradients', () => {
    const [plain, heavy] = [Float32Array.of(1, 2), Float32Array.of(1, 2)];
    const velocity = new Float32Array(2);
    const gradient = Float32Array.of(0.5, -1);
    for (let step = 0; step < 2; step++) {
      kernels.sgd(plain, gradient, { rate: 0.5 });
      kernels.sgd(heavy, gradient, { rate: 0.5, momentum: 0.5 }, velocity);
    }
    expect(plain).toEqual(Float32Array.of(0.5, 3));
    expect(velocity).toEqual(Float32Array.of(0.75, -1.5));
    expect(heavy).toEqual(Float32Array.of(1 - 0.25 - 0.375, 2 + 0.5 + 0.75));
  });

  it('writes a velocity too small to matter as zero', () => {
    const velocity = Float32Array.of(SMALLEST_MOMENT, -SMALLEST_MOMENT);
    kernels.sgd(new Float32Array(2), new Float32Array(2), { rate: 1, momentum: 0.5 }, velocity);
    expect(velocity).toEqual(new Float32Array(2));
  });
});

describe('ema', () => {
  it('moves by the complement of the decay', () => {
    const average = Float32Array.of(1, 2);
    kernels.ema(average, Float32Array.of(3, 2, 9), 0.75);
    expect(average).toEqual(Float32Array.of(1.5, 2));
  });
});

describe('fingerprint', () => {
  it('keeps its bits', () => {
    const vector = Float32Array.from({ length: 48 }, (_, i) => i / 7 - 3);
    expect(kernels.fingerprint([vector])).toMatchInlineSnapshot(`"990f4c836af756a476f6923ff9fd475d"`);
  });

  it('changes with any single bit, with order, with length and with the sign of zero', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }).chain(vector), fc.nat(), fc.nat(31), (a, place, bit) => {
        const b = a.slice();
        new Uint32Array(b.buffer)[place % b.length] ^= 1 << bit;
        expect(kernels.fingerprint([b])).not.toBe(kernels.fingerprint([a]));
        expect(kernels.fingerprint([a, new Float32Array(1)])).not.toBe(kernels.fingerprint([a]));
      }),
    );
    expect(kernels.fingerprint([Float32Array.of(-0)])).not.toBe(kernels.fingerprint([Float32Array.of(0)]));
    expect(kernels.fingerprint([Float32Array.of(1, 2)])).not.toBe(kernels.fingerprint([Float32Array.of(2, 1)]));
  });

  it('is the same for one vector and for its aligned parts', () => {
    const whole = Float32Array.from({ length: 64 }, (_, i) => Math.fround(i * 1.1));
    expect(kernels.fingerprint([whole.subarray(0, 32), whole.subarray(32)])).toBe(kernels.fingerprint([whole]));
  });
});
