import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globalBatch, leafPosition, SampleStream, stepsForEpochs } from './stream.ts';

describe('SampleStream', () => {
  it('uses every sample exactly once in each epoch, in another order each time', () => {
    const stream = new SampleStream({ samples: 100, seed: 7 });
    const epochs = [0, 1, 2].map((epoch) => [...stream.samplesAt(epoch * 100, 100)]);
    for (const epoch of epochs)
      expect([...epoch].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(epochs[1]).not.toEqual(epochs[2]);
  });

  it('is a function of seed and position only, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (a, b) => {
        const walked = new SampleStream({ samples: 97, seed: 3 });
        walked.sampleAt(a);
        expect(walked.sampleAt(b)).toBe(new SampleStream({ samples: 97, seed: 3 }).sampleAt(b));
      }),
    );
    const one = new SampleStream({ samples: 1000, seed: 1 }).samplesAt(0, 20);
    expect(new SampleStream({ samples: 1000, seed: 2 }).samplesAt(0, 20)).not.toEqual(one);
  });

  it('gives leaves disjoint positions without gaps, over steps and epochs', () => {
    const shape = { microBatchSize: 3, microBatches: 4 };
    const positions = [0, 1, 2].flatMap((step) => [0, 1, 2, 3].map((leaf) => leafPosition(shape, step, leaf)));
    expect(positions).toEqual(Array.from({ length: 12 }, (_, i) => i * 3));
    expect(globalBatch(shape)).toBe(12);
  });

  it('counts the steps of whole epochs upwards', () => {
    const shape = { microBatchSize: 32, microBatches: 4 };
    expect(stepsForEpochs(1, 60000, shape)).toBe(469);
    expect(stepsForEpochs(2, 128, shape)).toBe(2);
  });

  it('refuses an empty data set', () => {
    expect(() => new SampleStream({ samples: 0, seed: 1 })).toThrow(RangeError);
  });
});
