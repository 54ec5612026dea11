import { expect, test } from 'vitest';
import { OfflineFleet } from './offline-fleet.ts';

// The first step is the one that workers joined in.
test.each([1, 8, 64])('%i workers close every step, each with one result', (workers) => {
  const fleet = new OfflineFleet({ workers, auditRate: 0 });
  expect([0, 1, 2, 3].map(() => fleet.step().results)).toEqual([0, workers, workers, workers]);
});

test('audits ask for more results than there are leaves', () => {
  const fleet = new OfflineFleet({ workers: 64, auditRate: 1 });
  fleet.step();
  expect(fleet.step().results).toBeGreaterThan(64);
});
