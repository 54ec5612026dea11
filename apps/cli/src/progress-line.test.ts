import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barLine, duration, plainLine } from './progress-line.ts';

function scalarsOf(loss_g: number, loss_d: number) {
  return [
    { name: 'loss_g', value: loss_g, isProgress: true },
    { name: 'loss_d', value: loss_d, isProgress: true },
    { name: 'd_x', value: 0.5, isProgress: false },
  ];
}

const progress = {
  step: 197,
  steps: 469,
  epoch: 3,
  epochs: 50,
  scalars: scalarsOf(0.911, 0.618),
  images_per_second: 806.4,
  workers: 2,
  volunteers: 0,
  etaSeconds: 43.2,
};

describe('barLine', () => {
  it('draws the familiar line', () => {
    expect(barLine(progress, 31, 120)).toBe(
      'epoch 3/50  42%|████████▍           | 197/469 [00:31<00:43, loss_g 0.91, loss_d 0.62, 806 img/s, 2 workers]',
    );
  });
  it('gives up the bar first, then the end of the line', () => {
    expect(barLine(progress, 31, 90)).toBe(
      'epoch 3/50  42% 197/469 [00:31<00:43, loss_g 0.91, loss_d 0.62, 806 img/s, 2 workers]',
    );
    expect(barLine(progress, 31, 40)).toBe('epoch 3/50  42% 197/469 [00:31<00:43, l…');
  });
  it('never exceeds the width, whatever the numbers', () => {
    const numbers = fc.record({
      step: fc.nat(1e9),
      steps: fc.nat(1e9),
      scalars: fc.tuple(fc.double(), fc.double()).map(([g, d]) => scalarsOf(g, d)),
      images_per_second: fc.double({ min: 0, noNaN: true }),
      workers: fc.nat(5000),
      volunteers: fc.nat(1000),
      etaSeconds: fc.double(),
    });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 300 }), (changed, width) => {
        expect(barLine({ ...progress, ...changed }, 31, width).length).toBeLessThanOrEqual(width);
      }),
    );
  });
  it('is full at the end', () => {
    expect(barLine({ ...progress, step: 469 }, 31, 120)).toContain(`100%|${'█'.repeat(20)}| 469/469`);
  });
});

describe('plainLine', () => {
  it('says the same without drawing', () => {
    expect(plainLine({ ...progress, workers: 1, images_per_second: 5.25 })).toBe(
      'step 197/469 epoch 3/50 loss_g 0.91 loss_d 0.62 5.3 img/s 1 worker eta 00:43',
    );
  });
});

describe('duration', () => {
  it.each([
    [0, '00:00'],
    [59.6, '01:00'],
    [3599, '59:59'],
    [3600, '1:00:00'],
    [90_061, '25:01:01'],
    [NaN, '?'],
    [Infinity, '?'],
    [-1, '?'],
  ])('%d is %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
