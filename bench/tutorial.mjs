/**
 * How fast the `tutorial` preset trains with two workers of one thread each, 128 images a step: the setting in which
 * other frameworks were measured (docs/log.md). A few runs, since a shared machine is noisy; about a minute.
 *
 *     npm run bench:tutorial [-- RUNS]
 */
import { countArgument, machine } from './report.mjs';
import { runBenchmark } from './processes.mjs';
import { train, trainingFlags } from './training.mjs';

/** Images a second that two cores must reach. */
const TARGET = 220;
const FLAGS = trainingFlags({ steps: 60 });

const runs = countArgument(process.argv[2], 3, 'bench:tutorial takes the number of runs, 1 or more');

await runBenchmark(async (out) => {
  const imagesPerSecond = [];
  let summary = {};
  for (let index = 0; index < runs; index++) {
    summary = await train({ flags: FLAGS, out });
    imagesPerSecond.push(summary.imagesPerSecond);
    console.error(`run ${index + 1} of ${runs}: ${summary.imagesPerSecond.toFixed(1)} images/s`);
  }
  const best = Math.max(...imagesPerSecond);
  const { parametersSha256, backend } = summary;
  console.log(
    JSON.stringify(
      {
        flags: FLAGS,
        imagesPerSecond,
        best,
        target: TARGET,
        reached: best >= TARGET,
        parametersSha256,
        backend,
        machine: machine(),
      },
      null,
      2,
    ),
  );
});
