import { describe, expect, test } from 'vitest';
import { findKnees, predict } from './extrapolate.ts';
import { hubCost, stepFit } from './fits.ts';

/** A hub that needs 5 ms a step and 2 ms a worker, of which the main thread needs all but 1 ms. */
const resultsOf = (codec: string, workers: readonly number[]) =>
  workers.map((count) => ({
    workers: count,
    codec,
    coordinator: {
      msPerStep: 100,
      bytesPerStep: 20e6 * count,
      cpuMsPerStep: 6 + 2 * count,
      mainCpuMsPerStep: 5 + 2 * count,
    },
  }));

describe("the hub's cost", () => {
  test('is the line that was measured, of the main thread', () => {
    const cost = hubCost([...resultsOf('f32', [1, 4, 16]), ...resultsOf('int8', [1])], 'f32');
    expect(cost).toMatchObject({ fixedMs: 5, msPerWorker: 2, bytesPerWorker: 20e6, r2: 1, basis: 'measured' });
  });

  test('is that of the process where nobody counts threads', () => {
    const results = resultsOf('f32', [1, 4, 16]).map(({ coordinator, ...rest }) => {
      return { ...rest, coordinator: { ...coordinator, mainCpuMsPerStep: undefined } };
    });
    expect(hubCost(results, 'f32')).toMatchObject({ fixedMs: 6, msPerWorker: 2 });
  });

  test('needs three numbers of workers', () => {
    expect(hubCost(resultsOf('f32', [1, 2]), 'f32')).toBeUndefined();
    expect(hubCost(resultsOf('f32', [1, 2, 4]), 'f32')).toBeDefined();
  });
});

test('whole steps: compute of the busiest worker, bytes, and the rest', () => {
  const cost = { codec: 'f32', basis: 'measured', fixedMs: 5, msPerWorker: 2, bytesPerWorker: 20e6 };
  // 40 ms a micro-batch, 20 MB at 2 GB/s, 7 ms.
  const runs = [
    [1, 1],
    [1, 2],
    [2, 2],
    [2, 5],
  ].map(([workersUsed, microBatches]) => ({
    workers: 2,
    workersUsed,
    microBatches,
    msPerStep: 40 * Math.ceil(microBatches / workersUsed) + 10 * workersUsed + 7,
  }));
  expect(stepFit(runs, cost)).toMatchObject({
    computeMsPerMicroBatch: 40,
    gigabytesPerSecond: 2,
    fixedMs: 7,
    r2: 1,
  });
});

describe('extrapolation', () => {
  const f32 = { codec: 'f32', basis: 'measured', fixedMs: 5, msPerWorker: 2, bytesPerWorker: 20e6 };

  test('takes the slower of process and network; int8 that was not measured is a quarter of f32', () => {
    // 20 MB take 16 ms at 10 Gbit/s and 1.6 ms at 100: there the process is slower.
    const stated = { computeMs: [100], gbit: [10, 100] };
    const found = predict([f32], stated, [8]).map(({ codec, gbit, msPerStep }) => [codec, gbit, msPerStep]);
    expect(found).toEqual([
      ['f32', 10, 233],
      ['f32', 100, 121],
      ['int8', 10, 137],
      ['int8', 100, 109],
    ]);
    const knees = findKnees([f32], stated).map(({ codec, workers, bound }) => [codec, workers, bound]);
    expect(knees).toEqual([
      ['f32', 5, 'network'],
      ['f32', 47, 'process'],
      ['int8', 23, 'network'],
      ['int8', 190, 'process'],
    ]);
  });

  test('no worker is too many where the fixed part alone takes longer than compute', () => {
    expect(findKnees([f32], { computeMs: [4], gbit: [10] })[0].workers).toBe(0);
  });
});
