import { defaultsOfTask } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import { cutBatch } from './batches.ts';

function cut(preset: string, globalBatch: number | null, microBatches: number | null, samples = 60_000) {
  const result = cutBatch(defaultsOfTask(preset)!, { globalBatch, microBatches, samples });
  return 'batches' in result
    ? [result.batches.microBatchSize, result.batches.microBatches]
    : [result.problem.code, result.problem.sentence];
}

describe('cutBatch', () => {
  it("takes the preset's m and M when nothing is asked for", () => {
    expect(cut('dcgan', null, null)).toEqual([32, 4]);
    expect(cut('classic', null, null)).toEqual([8, 4]);
  });
  it('changes M when only the global batch is given', () => {
    expect(cut('dcgan', 32, null)).toEqual([32, 1]);
    expect(cut('dcgan', 512, null)).toEqual([32, 16]);
  });
  it('changes m when both are given', () => {
    expect(cut('tutorial', 128, 2)).toEqual([64, 2]);
    expect(cut('classic', 4, 4)).toEqual([1, 4]);
  });
  it('keeps m when only the micro-batches are given', () => {
    expect(cut('dcgan', null, 16)).toEqual([32, 16]);
  });
  it.each([
    ['dcgan', 100, null, 'global-batch-split'],
    ['dcgan', 96, null, 'global-batch-split'],
    ['dcgan', 16, null, 'global-batch-split'],
    ['dcgan', 100, 8, 'global-batch-split'],
    ['dcgan', 60, 4, 'micro-batch-too-small'],
    ['tutorial', 8, 1, 'micro-batch-too-small'],
    ['dcgan', 65_536, null, 'global-batch-too-large'],
    ['dcgan', null, 4096, 'global-batch-too-large'],
  ] as const)('%s with %s in %s is %s', (preset, globalBatch, microBatches, code) => {
    expect(cut(preset, globalBatch, microBatches)[0]).toBe(code);
  });
  it('allows the smallest legal micro-batch and a batch as large as the data set', () => {
    expect(cut('dcgan', 64, 4)).toEqual([16, 4]);
    expect(cut('classic', 60_000, 32)).toEqual([1875, 32]);
  });
  it('makes no micro-batch that a worker would refuse', () => {
    const batches = (globalBatch: number) =>
      cutBatch(defaultsOfTask('dcgan')!, { globalBatch, microBatches: 1, samples: null });
    expect(batches(65_536)).toEqual({ batches: { microBatchSize: 65_536, microBatches: 1 } });
    expect(batches(65_537)).toMatchObject({ problem: { code: 'micro-batch-too-large' } });
  });
  it('does not judge the size of a data set it does not know', () => {
    expect(
      cutBatch(defaultsOfTask('dcgan')!, { globalBatch: 65_536, microBatches: null, samples: null }),
    ).toHaveProperty('batches');
  });
});
