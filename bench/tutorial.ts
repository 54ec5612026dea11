/**
 * How fast the `tutorial` preset trains with two workers of one thread each, 128 images a step: the setting in which other
 * frameworks were measured (docs/log.md). A few runs, since a shared machine is noisy.
 */
import type { Summary } from '@gradcast/config';
import { count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { machine } from './harness/machine.ts';
import { tell } from './harness/report.ts';
import { train, trainingFlags } from './harness/training.ts';

/** Images a second that two cores must reach. */
const TARGET = 220;

export const benchmark = defineBenchmark({
  name: 'tutorial',
  shows: 'Images a second of whole runs of the tutorial preset, two workers of one thread each.',
  lasts: 'about a minute',
  words: { runs: count(3, 'runs') },
  flags: {},
  run: async (harness, { runs }) => {
    const flags = trainingFlags({ steps: 60 });
    const summaries: Summary[] = [];
    for (let index = 0; index < runs; index++) {
      const summary = await train(harness, flags);
      summaries.push(summary);
      tell(`run ${index + 1} of ${runs}: ${summary.imagesPerSecond.toFixed(1)} images/s`);
    }
    const imagesPerSecond = summaries.map((summary) => summary.imagesPerSecond);
    const best = Math.max(...imagesPerSecond);
    const { parametersSha256, backend } = summaries[summaries.length - 1];
    const reached = best >= TARGET;
    return { flags, imagesPerSecond, best, target: TARGET, reached, parametersSha256, backend, machine: machine() };
  },
});
