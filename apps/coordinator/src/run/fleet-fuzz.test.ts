import { expect, it } from 'vitest';
import { fuzzFleet } from './fleet-fuzz.ts';

const usedBytes = () => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

it.each([1, 2, 3])(
  'no frame of hostile peers ends a run or holds it up (seed %i)',
  (seed) => {
    const report = fuzzFleet({ seed, frames: 20_000, now: () => performance.now(), usedBytes });
    // A siege that never gets past the greeting would prove little.
    expect(report.outcomes.get('taken')).toBeGreaterThan(4_000);
    for (const code of ['frame-malformed', 'message-invalid', 'message-unexpected', 'payload-length']) {
      expect(report.outcomes.get(code), code).toBeGreaterThan(10);
    }
    expect(report.grownBytes).toBeLessThan(512 * 2 ** 20);
  },
  240_000,
);
