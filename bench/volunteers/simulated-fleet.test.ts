import { expect, test } from 'vitest';
import { SimulatedFleet } from './simulated-fleet.ts';

const scene = { leaves: 8, volunteers: 0, rate: 1, areProven: false, leafMs: 100, arbiterLeafMs: undefined };

test('one worker takes the time of all leaves, and computes each once', () => {
  expect(new SimulatedFleet(scene).step()).toEqual({ ms: 800, computed: 8, ofVolunteers: 0 });
});

test.each([undefined, 400])(
  'new volunteers have each leaf computed again, by whoever is trusted (%s)',
  (arbiterLeafMs) => {
    const fleet = new SimulatedFleet({ ...scene, volunteers: 2, arbiterLeafMs });
    const { computed, ofVolunteers } = fleet.step();
    expect(ofVolunteers).toBe(4);
    expect(computed).toBe(8 + 4);
  },
);

test('proven volunteers take over their share of a step', () => {
  const fleet = new SimulatedFleet({ ...scene, volunteers: 4, rate: 0, areProven: true });
  expect(Array.from({ length: 5 }, () => fleet.step()).at(-1)).toEqual({ ms: 400, computed: 8, ofVolunteers: 4 });
});
