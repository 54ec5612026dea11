import { describe, expect, it } from 'vitest';
import { demoSentence, demoSteps } from './demo-plan.ts';

const measured = { imagesPerSecond: 800, globalBatch: 128, seconds: 120, spentSeconds: 8, startSeconds: 4 };

describe('demoSteps', () => {
  it('fills the time that is left', () => {
    // 120 - 8 - 4 = 108 s at 6.25 steps/s
    expect(demoSteps(measured)).toBe(20 + 675);
    expect(demoSentence(695, measured)).toBe(
      'The first 20 steps ran at 800 images/s: 695 steps of 128 images fit into about 120 s, about 112 s more.',
    );
  });
  it('takes at least fifty', () => {
    const slow = { ...measured, imagesPerSecond: 8 };
    expect(demoSteps(slow)).toBe(50);
    expect(demoSentence(50, slow)).toBe(
      'The first 20 steps ran at 8.0 images/s: taking 50 steps of 128 images, the fewest that show anything, about 484 s more.',
    );
    expect(demoSteps({ ...measured, spentSeconds: 500 })).toBe(50);
  });
});
