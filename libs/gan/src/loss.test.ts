import { exp } from '@gradcast/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ganLoss, LOWEST_MARGIN } from './loss.ts';

/** Numbers that doubles hold and whose loss is neither rounded away nor infinite. */
const logit = fc.float({ min: -30, max: 30, noNaN: true });

function textbook(kind: 'sigmoid' | 'softmax', logits: Float32Array): { lossG: number; lossD: number } {
  const classes = kind === 'softmax' ? 2 : 1;
  const rows = logits.length / classes;
  const m = rows / 2;
  const probability = (row: number) => {
    if (classes === 1) return 1 / (1 + Math.exp(-logits[row]));
    const [fake, real] = [Math.exp(logits[2 * row]), Math.exp(logits[2 * row + 1])];
    return real / (fake + real);
  };
  let [lossG, real, fake] = [0, 0, 0];
  for (let i = 0; i < m; i++) {
    lossG -= Math.log(probability(m + i)) / m;
    real -= Math.log(probability(i)) / m;
    fake -= Math.log(1 - probability(m + i)) / m;
  }
  return { lossG, lossD: kind === 'softmax' ? (real + fake) / 2 : real + fake };
}

describe.each(['sigmoid', 'softmax'] as const)('ganLoss with %s', (kind) => {
  const classes = kind === 'softmax' ? 2 : 1;
  const logits = (limit = 4) =>
    fc
      .integer({ min: 1, max: 5 })
      .chain((m) =>
        fc.array(fc.float({ min: -limit, max: limit, noNaN: true }), {
          minLength: 2 * m * classes,
          maxLength: 2 * m * classes,
        }),
      )
      .map((values) => Float32Array.from(values));

  it('is the cross-entropy of the textbook', () => {
    fc.assert(
      fc.property(logits(), (values) => {
        const [found, wanted] = [ganLoss(kind, values), textbook(kind, values)];
        expect(found.lossG).toBeCloseTo(wanted.lossG, 9);
        expect(found.lossD).toBeCloseTo(wanted.lossD, 9);
      }),
    );
  });

  it('has the gradients of finite differences', () => {
    fc.assert(
      fc.property(logits(), (values) => {
        const found = ganLoss(kind, values);
        const h = 2 ** -10;
        for (let i = 0; i < values.length; i++) {
          const at = (step: number) =>
            ganLoss(
              kind,
              values.map((x, j) => (i === j ? x + step : x)),
            );
          // The step that f32 really made.
          const width = Math.fround(values[i] + h) - Math.fround(values[i] - h);
          expect((at(h).lossD - at(-h).lossD) / width).toBeCloseTo(found.discriminatorSeed[i], 5);
          expect((at(h).lossG - at(-h).lossG) / width).toBeCloseTo(found.generatorSeed[i], 5);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('has the ratio of the two seeds at fake samples', () => {
    fc.assert(
      fc.property(fc.array(logit, { minLength: 2 * classes, maxLength: 2 * classes }), (values) => {
        const { discriminatorSeed, generatorSeed, ratio, extreme } = ganLoss(kind, Float32Array.from(values));
        const last = 2 * classes - 1;
        const wanted = generatorSeed[last];
        if (!extreme)
          expect(Math.abs(discriminatorSeed[last] * ratio[0] - wanted)).toBeLessThan(1e-6 * Math.abs(wanted));
      }),
    );
  });

  it('is extreme only below the lowest fake margin', () => {
    const at = (real: number, fake: number) =>
      ganLoss(kind, Float32Array.from(classes === 2 ? [0, real, 0, fake] : [real, fake])).extreme;
    expect([at(-90, 0), at(0, LOWEST_MARGIN), at(0, 90)]).toEqual([false, false, false]);
    expect([at(0, LOWEST_MARGIN - 0.001), at(0, -Infinity)]).toEqual([true, true]);
  });

  it('stays finite where probabilities round to 0 and 1', () => {
    const values = Float32Array.from(classes === 2 ? [500, -500, -500, 500] : [-1000, 1000]);
    const { lossG, lossD, dX, dGZ, discriminatorSeed } = ganLoss(kind, values);
    expect([lossG, lossD, dX, dGZ]).toEqual([0, kind === 'softmax' ? 1000 : 2000, 0, 1]);
    expect(discriminatorSeed.every(Number.isFinite)).toBe(true);
  });

  it('passes NaN on', () => {
    const values = new Float32Array(2 * classes).fill(NaN);
    const { lossG, lossD, discriminatorSeed, ratio } = ganLoss(kind, values);
    expect([lossG, lossD, discriminatorSeed[0], ratio[0]]).toEqual([NaN, NaN, NaN, NaN]);
  });
});

describe('the relativistic loss', () => {
  const pair = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 6, maxLength: 6 });

  it('is the cross-entropy of "the real one is the more real" over pairs', () => {
    fc.assert(
      fc.property(pair, (values) => {
        const { lossG, lossD, dX, dGZ, penalty } = ganLoss('relativistic', Float32Array.from(values));
        const probability = (i: number) => 1 / (1 + Math.exp(values[3 + i] - values[i]));
        const mean = (of: (i: number) => number) => (of(0) + of(1) + of(2)) / 3;
        expect(lossD).toBeCloseTo(
          mean((i) => -Math.log(probability(i))),
          9,
        );
        expect(lossG).toBeCloseTo(
          mean((i) => -Math.log(1 - probability(i))),
          9,
        );
        expect([dX, dX + dGZ]).toEqual([expect.closeTo(mean(probability), 12), expect.closeTo(1, 12)]);
        expect(penalty).toBe(0);
      }),
    );
  });

  it('has the ratio -e^z, and takes a second pass where that overflows', () => {
    const at = (real: number, fake: number) => ganLoss('relativistic', Float32Array.of(real, fake));
    expect(at(3, 1).ratio[0]).toBe(Math.fround(-exp(2)));
    expect([at(0, 0), at(-90, 50), at(60, 20)].map(({ extreme }) => extreme)).toEqual([false, false, false]);
    expect([at(60, 19), at(500, -500), at(Infinity, 0)].map(({ extreme }) => extreme)).toEqual([true, true, true]);
    const { lossG, lossD, discriminatorSeed, generatorSeed } = at(500, -500);
    expect([lossG, lossD, ...discriminatorSeed.map(Math.abs), ...generatorSeed]).toEqual([1000, 0, 0, 0, 0, -1]);
  });
});

describe.each(['sigmoid', 'softmax', 'relativistic'] as const)('the penalty beside the %s loss', (kind) => {
  const classes = kind === 'softmax' ? 2 : 1;
  const [m, q, weight] = [3, 2, 1.5];
  const count = (2 * m + 2 * q) * classes;
  const logits = fc
    .array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: count, maxLength: count })
    .map((values) => Float32Array.from(values));
  const penalty = { samples: q, weight };
  const margin = (values: Float32Array, row: number) =>
    classes === 2 ? values[2 * row + 1] - values[2 * row] : values[row];

  it('is the mean square of what the disturbance changes, on top of the loss of the others', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const found = ganLoss(kind, values, penalty);
        const square = (row: number, disturbed: number) => (margin(values, row) - margin(values, disturbed)) ** 2;
        const wanted = (weight / q) * (square(0, 3) + square(1, 4) + square(7, 5) + square(8, 6));
        const rest = [...values.subarray(0, m * classes), ...values.subarray((m + 2 * q) * classes)];
        const plain = ganLoss(kind, Float32Array.from(rest));
        expect(found.penalty).toBeCloseTo(wanted, 9);
        expect(found.lossD).toBeCloseTo(plain.lossD + wanted, 9);
        expect([found.lossG, found.dX, found.dGZ]).toEqual([plain.lossG, plain.dX, plain.dGZ]);
      }),
    );
  });

  it('has the gradients of finite differences', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const found = ganLoss(kind, values, penalty);
        const h = 2 ** -10;
        for (let i = 0; i < values.length; i++) {
          const at = (step: number) =>
            ganLoss(
              kind,
              values.map((x, j) => (i === j ? x + step : x)),
              penalty,
            );
          const width = Math.fround(values[i] + h) - Math.fround(values[i] - h);
          expect((at(h).lossD - at(-h).lossD) / width).toBeCloseTo(found.discriminatorSeed[i], 5);
          // What the generator does has no part in the other rows, whatever its loss says of them.
          const own = i >= classes * (m + 2 * q);
          if (own) expect((at(h).lossG - at(-h).lossG) / width).toBeCloseTo(found.generatorSeed[i], 5);
          else expect(found.generatorSeed[i]).toBe(0);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('leaves the ratio of the two seeds at fake samples, of any sign', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const { discriminatorSeed, generatorSeed, ratio, extreme } = ganLoss(kind, values, penalty);
        if (extreme) return;
        for (let i = 0; i < m; i++) {
          const at = classes * (m + 2 * q + i + 1) - 1;
          const wanted = generatorSeed[at];
          expect(Math.abs(discriminatorSeed[at] * ratio[i] - wanted)).toBeLessThan(1e-6 * Math.abs(wanted));
        }
      }),
    );
  });

  it('takes a second pass where it cancels the seed of a fake', () => {
    const values = new Float32Array(count);
    const plain = ganLoss(kind, values, penalty);
    expect(plain.extreme).toBe(false);
    // 2 w d / q = -s(0) w_D, which all kinds have in numbers that f32 holds exactly.
    const share = (kind === 'softmax' ? 0.25 : 0.5) / m;
    const exact = { samples: 1, weight: share / 2 };
    const few = new Float32Array((2 * m + 2) * classes);
    few[classes * (m + 2) - 1] = 1;
    const { extreme, discriminatorSeed } = ganLoss(kind, few, exact);
    expect([extreme, discriminatorSeed[classes * (m + 3) - 1]]).toEqual([true, 0]);
  });
});
