import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classScores, fewestClasses } from './classes.ts';

describe('classScores', () => {
  it('counts classes and tells entropy and confidence', () => {
    const scores = Float32Array.of(Math.log(3), 0, 0, Math.log(4), 0, 5, 3, 3);
    const { shares, entropy, confidence } = classScores(scores, 2);
    expect(shares).toEqual([0.5, 0.5]);
    expect(entropy).toBeCloseTo(Math.LN2, 14);
    expect(confidence).toBeCloseTo((0.75 + 0.8 + 1 / (1 + Math.exp(-5)) + 0.5) / 4, 6);
  });

  it('has entropy 0 for one class and ln n for all alike', () => {
    expect(classScores(Float32Array.of(9, 1, 1, 8, 0, 0), 3)).toMatchObject({ shares: [1, 0, 0], entropy: 0 });
    const every = Float32Array.from({ length: 100 }, (_, i) => (i % 11 === 0 ? 2 : 0));
    expect(classScores(every, 10).entropy).toBeCloseTo(Math.log(10), 14);
  });

  it('takes any scores: they do not overflow, and a constant added to a sample changes nothing', () => {
    const scores = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(scores, fc.integer({ min: -1000, max: 1000 }), (values, added) => {
        const plain = classScores(Float32Array.from(values), 4);
        expect(
          classScores(
            Float32Array.from(values, (value) => value + added),
            4,
          ),
        ).toEqual(plain);
        expect(plain.confidence).toBeGreaterThanOrEqual(0.25);
        expect(plain.confidence).toBeLessThanOrEqual(1);
      }),
    );
    expect(classScores(Float32Array.of(3e38, -3e38), 2).confidence).toBe(1);
  });

  it('refuses what are no samples', () => {
    expect(() => classScores(new Float32Array(7), 3)).toThrow('3 classes');
    expect(() => classScores(new Float32Array(0), 3)).toThrow('3 classes');
  });
});

describe('fewestClasses', () => {
  it('counts the largest shares until they make up the part', () => {
    const shares = [0.05, 0.6, 0.01, 0.3, 0.04];
    expect([0.5, 0.6, 0.61, 0.95, 1].map((part) => fewestClasses(shares, part))).toEqual([1, 1, 2, 3, 5]);
    expect(fewestClasses([0, 1, 0], 0.95)).toBe(1);
    expect(fewestClasses(Array<number>(10).fill(0.1), 0.9)).toBe(9);
  });
});
