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
