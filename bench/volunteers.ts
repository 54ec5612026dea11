/**
 * What volunteers bring and what their checks cost: the coordinator's own leasing and audits on a simulated clock, with workers
 * that take a given time for each leaf. Times are in steps of the trusted worker alone, so the machine does not matter.
 */
import { share } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { printTable } from './harness/report.ts';
import { SimulatedFleet } from './volunteers/simulated-fleet.ts';
import type { Scene } from './volunteers/simulated-fleet.ts';

const LEAVES = 32;
const LEAF_MS = 100;
/** Steps that go before, in which speeds and the number of leaves that can be checked settle. */
const SETTLING = 50;
const STEPS = 400;
const VOLUNTEERS = [0, 1, 4];
/** How much slower than the trusted worker its arbiter is, where one must check. */
const SLOWER = 4;

export const benchmark = defineBenchmark({
  name: 'volunteers',
  shows: 'What volunteers bring and what their checks cost, on a simulated clock.',
  lasts: 'some seconds',
  words: {},
  flags: { rate: share(0.02, 'share of proven volunteers’ leaves that is checked, besides 0.1 and all') },
  run: async (harness, { rate: another }) => {
    const results = [];
    for (const arbiterLeafMs of [undefined, SLOWER * LEAF_MS]) {
      for (const volunteers of VOLUNTEERS) {
        for (const rate of volunteers === 0 ? [1] : [1, 0.1, another]) {
          const scene = { leaves: LEAVES, leafMs: LEAF_MS, volunteers, rate, areProven: rate < 1, arbiterLeafMs };
          results.push({ ...scene, ...(await measured(scene, () => harness.breathe())) });
        }
      }
    }
    const percent = (part: number) => `${Math.round(100 * part)} %`;
    printTable([
      ['checked by', 'volunteers', 'rate', 'step', 'of volunteers', 'computed again'],
      ...results.map(({ arbiterLeafMs, volunteers, rate, step, ofVolunteers, again }) => [
        arbiterLeafMs === undefined ? 'the worker' : 'an arbiter',
        volunteers,
        volunteers === 0 ? '' : rate,
        step.toFixed(2),
        percent(ofVolunteers),
        percent(again),
      ]),
    ]);
    return { leaves: LEAVES, results };
  },
});

/** Means over many steps, as parts of a step of the worker alone. */
async function measured(scene: Scene, breathe: () => Promise<void>) {
  const fleet = new SimulatedFleet(scene);
  const total = { ms: 0, computed: 0, ofVolunteers: 0 };
  for (let index = 0; index < SETTLING + STEPS; index++) {
    await breathe();
    const { ms, computed, ofVolunteers } = fleet.step();
    if (index < SETTLING) continue;
    total.ms += ms;
    total.computed += computed;
    total.ofVolunteers += ofVolunteers;
  }
  const all = STEPS * LEAVES;
  return { step: total.ms / (all * LEAF_MS), ofVolunteers: total.ofVolunteers / all, again: total.computed / all - 1 };
}
