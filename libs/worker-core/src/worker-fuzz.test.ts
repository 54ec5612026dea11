import { expect, it } from 'vitest';
import { fuzzWorker } from './worker-fuzz.ts';

/** What the machine that runs this test has; the trainer itself must do without. */
declare const process: { memoryUsage(): { heapUsed: number; arrayBuffers: number } };
declare const performance: { now(): number };

const usedBytes = () => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

it.each([1, 2])(
  'no frame of a hostile coordinator makes a worker fall (seed %i)',
  async (seed) => {
    const report = await fuzzWorker({ seed, frames: 10_000, now: () => performance.now(), usedBytes });
    expect(report.outcomes.get('taken')).toBeGreaterThan(2_000);
    for (const code of ['frame-malformed', 'message-invalid', 'payload-length']) {
      expect(report.outcomes.get(code), code).toBeGreaterThan(10);
    }
    expect(report.grownBytes).toBeLessThan(512 * 2 ** 20);
  },
  240_000,
);
