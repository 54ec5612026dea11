/**
 * What the coordinator's bookkeeping costs: milliseconds of processor time a result with N workers and N leaves, without network, gradients
 * or files. A sound coordinator's cost is the same at every N: what is done for a result depends on what it changes.
 *
 * Median of rounds, each a step, after four thousand results that are not measured.
 */
import { OfflineFleet } from './bookkeeping/offline-fleet.ts';
import { count, powersOfTwo, share } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import { printTable } from './harness/report.ts';
import { median, round, target } from './harness/statistics.ts';

/** Milliseconds a result, and the fleet at which it must hold. */
const MOST_MS = 0.1;
const FLEET = 512;
/** Results that go before, so that what is measured is compiled. */
const WARM_UP = 4000;

interface Setting {
  readonly workers: number;
  readonly auditRate: number;
}

export const benchmark = defineBenchmark({
  name: 'bookkeeping',
  shows: "Processor time of the coordinator's bookkeeping a result, with no network, gradients or files.",
  lasts: 'some seconds',
  words: {},
  flags: {
    workers: powersOfTwo([64, 128, 256, 512, 1024], 'workers'),
    rounds: count(5, 'rounds'),
    audit: share(0.1, 'share of the results that is audited, beside none'),
  },
  run: async (harness, { workers, rounds, audit }) => {
    const before = machine();
    const results = [];
    for (const auditRate of audit === 0 ? [0] : [0, audit]) {
      for (const each of workers) results.push(await measure(harness, { workers: each, auditRate }, rounds));
    }
    printTable([
      ['workers', 'audited', 'ms a step', 'results a step', 'ms a result'],
      ...results.map(({ workers, auditRate, msPerStep, resultsPerStep, msPerResult }) => [
        workers,
        `${Math.round(100 * auditRate)} %`,
        msPerStep.toFixed(1),
        Math.round(resultsPerStep),
        msPerResult.toFixed(4),
      ]),
    ]);
    const goals = results.filter(({ workers }) => workers === FLEET);
    const targets = goals.map(({ auditRate, msPerResult }) =>
      // A goal is reached when it is exceeded, so it is stated as results a millisecond.
      target(`results a millisecond with ${FLEET} workers, ${auditRate} audited`, 1 / MOST_MS, 1 / msPerResult),
    );
    return { rounds, machine: before, results, targets };
  },
});

async function measure(harness: Harness, { workers, auditRate }: Setting, rounds: number) {
  const fleet = new OfflineFleet({ workers, auditRate });
  const step = async () => {
    await harness.breathe();
    return fleet.step();
  };
  for (let results = 0; results < WARM_UP;) results += (await step()).results;
  const steps = [];
  for (let index = 0; index < rounds; index++) steps.push(await step());
  const msPerStep = round(median(steps.map(({ cpuMs }) => cpuMs)));
  const resultsPerStep = median(steps.map(({ results }) => results));
  const msPerResult = median(steps.map(({ cpuMs, results }) => cpuMs / results));
  return { workers, auditRate, msPerStep, resultsPerStep, msPerResult };
}
