import { ganTask, presets } from '@gradcast/gan';
import type { Condition } from '@gradcast/task';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { observed, Troubles, WELL } from './troubles.ts';
import type { Numbers, Watched } from './troubles.ts';

const troubles = ganTask(presets.dcgan).troubles!;

/** What begins (+) and ends (-) in a series, and at which observation. */
function seen(series: readonly Numbers[]): string[] {
  const watch = new Troubles(troubles);
  return series.flatMap((numbers, i) =>
    watch.observe(numbers).map(({ trouble, began }) => `${began ? '+' : '-'}${trouble.name} ${i}`),
  );
}

/** Names of what begins in a series. */
const begun = (series: readonly Numbers[]) => seen(series).map((change) => change.split(' ')[0]);

/** Noise that repeats itself, between -1 and 1. */
const noise = (i: number, salt: number) => Math.sin(i * 12.9898 + salt * 78.233);
const steps = (count: number, numbers: (i: number) => Numbers) => Array.from({ length: count }, (_, i) => numbers(i));
const repeat = (count: number, numbers: Numbers) => steps(count, () => numbers);

const step = (d_x: number, d_g_z: number, norm = 1): Numbers => ({
  loss_g: -Math.log(Math.max(d_g_z, 1e-30)),
  loss_d: -Math.log(Math.max(d_x, 1e-30)) - Math.log(Math.max(1 - d_g_z, 1e-30)),
  d_x,
  d_g_z,
  gradient_norm_g: norm,
  gradient_norm_d: 1,
});
/** A GAN in balance. */
const balanced = (i: number) => step(0.75 + 0.15 * noise(i, 1), 0.25 + 0.15 * noise(i, 2), 1 + 0.8 * noise(i, 3));
/** As PyTorch's DCGAN example begins: certain for a hundred steps, then less and less so. */
const beginning = (i: number) => {
  const certain = i < 100 ? 1 : Math.exp(-(i - 100) / 60);
  return step(0.75 + 0.245 * certain, 0.25 - 0.245 * certain, i < 5 ? 30 : 2 + noise(i, 4));
};

describe('healthy runs', () => {
  it.each([
    ['one in balance', steps(5000, balanced)],
    ['one that begins', [...steps(600, beginning), ...steps(2000, balanced)]],
    ['one with a bad moment', [...steps(500, balanced), ...repeat(200, step(1, 0)), ...steps(500, balanced)]],
    ['one whose gradients shrink as it learns', steps(4000, (i) => step(0.6, 0.4, 5 * Math.exp(-i / 1000)))],
    [
      'one that draws better and better digits',
      steps(40, (i) => ({
        sample_spread: Math.min(0.19, 0.01 + i * 0.01),
        entropy: 2.2,
        recall: Math.min(0.5, i * 0.02),
      })),
    ],
    [
      'one whose evaluations vary',
      steps(40, (i) => ({ entropy: 2.1 + 0.2 * noise(i, 5), recall: 0.4 + 0.15 * noise(i, 6) })),
    ],
    ['one that has hardly begun', steps(20, () => ({ sample_spread: 0.002, entropy: 0.3, recall: 0 }))],
  ])('are not troubled: %s', (_, series) => {
    expect(seen(series)).toEqual([]);
  });
});

describe('a discriminator that overpowers', () => {
  const overpowering = [...steps(300, balanced), ...repeat(600, step(0.9999, 0.0001))];

  it('is told once, some hundred steps after it began', () => {
    const changes = seen(overpowering);
    expect(changes).toHaveLength(1);
    const [name, at] = changes[0].split(' ');
    expect(name).toBe('+overpowering-discriminator');
    expect(Number(at)).toBeGreaterThanOrEqual(300 + 256);
    expect(Number(at)).toBeLessThan(300 + 600);
  });

  it('is over once it is less certain for as long, not where it hesitates', () => {
    const hesitates = steps(600, (i) => step(0.98 + 0.01 * noise(i, 7), 0.02));
    expect(begun([...overpowering, ...hesitates])).toEqual(['+overpowering-discriminator']);
    expect(begun([...overpowering, ...steps(600, balanced)])).toEqual([
      '+overpowering-discriminator',
      '-overpowering-discriminator',
    ]);
  });

  it('is none where it is certain of real images alone', () => {
    expect(seen(repeat(2000, step(1, 0.4)))).toEqual([]);
  });
});

describe('a generator that stalls', () => {
  it('is told where its gradient vanishes, or never was', () => {
    expect(begun([...steps(300, balanced), ...repeat(800, step(0.6, 0.4, 1e-5))])).toEqual(['+stalled-generator']);
    expect(begun(repeat(400, step(0.6, 0.4, 1e-7)))).toEqual(['+stalled-generator']);
  });
});

describe('a collapse', () => {
  it.each([
    ['the samples of a grid become alike', 'sample_spread', 0.18, 0.02],
    ['few classes are left', 'entropy', 2.25, 0.9],
    ['little of the real images is covered', 'recall', 0.4, 0.001],
  ])('is told where %s', (_, name, good, bad) => {
    const well = repeat(5, { [name]: good });
    const ill = repeat(2, { [name]: bad });
    expect(seen([...well, ...ill])).toEqual(['+collapse 6']);
    // One look is not enough.
    expect(seen([...well, ill[0], ...well])).toEqual([]);
    expect(begun([...well, ...ill, ...well])).toEqual(['+collapse', '-collapse']);
  });
});

describe('observed', () => {
  const condition: Condition = { signs: [{ of: 'x', is: 'above', bound: 1, clear: 0.5 }], observations: 3 };
  const run = (values: readonly number[]) =>
    values.reduce<Watched[]>((states, x) => [...states, observed(condition, states.at(-1) ?? WELL, { x })], []);

  it('changes nothing without its numbers, or with none that is one', () => {
    const before = observed(condition, WELL, { x: 2 });
    expect(observed(condition, before, { y: 2 })).toBe(before);
    expect(observed(condition, before, { x: NaN })).toBe(before);
  });

  it('begins only after as many in a row past the bound, and ends only after as many behind the other', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { maxLength: 60 }), (values) => {
        const states = run(values);
        states.forEach(({ isOn }, i) => {
          const was = i > 0 && states[i - 1].isOn;
          if (isOn === was) return;
          const last = values.slice(Math.max(0, i - 2), i + 1);
          expect(last).toHaveLength(3);
          expect(last.every((value) => (isOn ? value > 1 : value <= 0.5))).toBe(true);
        });
      }),
    );
  });

  it('never changes between the bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.5001, max: 1, noNaN: true }), { maxLength: 60 }), (values) => {
        expect(run(values).some(({ isOn }) => isOn)).toBe(false);
        const on = run([2, 2, 2]).at(-1)!;
        expect(on.isOn).toBe(true);
        expect(values.reduce((state, x) => observed(condition, state, { x }), on).isOn).toBe(true);
      }),
    );
  });
});
