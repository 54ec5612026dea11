/**
 * What those who watch a run cost its steps: the real coordinator with workers that answer every lease at once, alone with no page,
 * and with pages open and a Prometheus that scrapes, in alternating turns. The run's files (`events.jsonl`, `metrics.jsonl`,
 * ledger) are written in both.
 *
 * Medians of rounds; ratios paired within a round. Processor time is the coordinator's alone, and so says more on a machine
 * where those who watch compute as well.
 */
import type { CoordinatorConfig } from '@gradcast/config';
import { resolveCoordinator } from '@gradcast/config';
import { ganTask, presets } from '@gradcast/gan';
import { count, powersOfTwo } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { median, orderOf, pairedRatio, target } from './harness/statistics.ts';
import { trajectory } from './hub/canned.ts';
import type { CoordinatorTurn } from './hub/summary.ts';
import { coordinatorTurn } from './hub/turns.ts';
import type { Listening } from './hub/turns.ts';
import type { Asked, Told } from './watching/viewers-process.ts';

const PRESET = 'dcgan';
const CODEC = 'int8';
const SEED = 1;
/** Images of a micro-batch: the fewest that the preset takes, for they are not what is measured. */
const MICRO_BATCH = 16;
const WARM_UP = 20;
/** Left when the measurement ends. */
const SPARE = 10;
/** A Prometheus asks every 15 s by default; this one is eager. */
const SCRAPE_MS = 1000;
/** Of a step's time. */
const MOST_COST = 0.02;
const CONTESTANTS = ['alone', 'watched'] as const;

export const benchmark = defineBenchmark({
  name: 'watching',
  shows: 'What pages that people have open, and a Prometheus that scrapes, cost the steps of a run.',
  lasts: 'about five minutes',
  words: {},
  flags: {
    rounds: count(5, 'rounds'),
    workers: powersOfTwo([64], 'workers'),
    viewers: count(3, 'pages that are open'),
    steps: count(200, 'steps that are measured'),
  },
  run: async (harness, { rounds, workers: fleets, viewers, steps }) => {
    const end = WARM_UP + steps;
    const fingerprints = trajectory(ganTask(presets[PRESET]), { seed: SEED, versions: end });
    const run = { preset: PRESET, microBatchSize: MICRO_BATCH, seed: SEED, codec: CODEC, fingerprints } as const;
    const before = machine();
    const results = [];
    for (const workers of fleets) {
      const turns = { alone: [] as CoordinatorTurn[], watched: [] as CoordinatorTurn[] };
      for (let index = 0; index < rounds; index++) {
        for (const contestant of orderOf(CONTESTANTS, index)) {
          const config = configOf(workers, end + SPARE, contestant === 'watched');
          const beside = contestant === 'watched' ? (at: Listening) => watch(harness, at, viewers) : undefined;
          const setting = { config, run: { ...run, begin: WARM_UP, end }, workers, profileTo: undefined, beside };
          const turn = await coordinatorTurn(harness, setting);
          turns[contestant].push(turn);
          const cost = `${turn.msPerStep.toFixed(1)} ms a step, ${turn.cpuMsPerStep.toFixed(1)} ms of processor time`;
          tell(`round ${index + 1} of ${rounds}, ${workers} workers, ${contestant}: ${cost}`);
        }
      }
      results.push(summaryOf(workers, turns));
    }
    printTable([
      ['workers', 'ms a step alone', 'watched', 'ratio', 'CPU ms alone', 'watched', 'ratio'],
      ...results.map(({ workers, alone, watched, time, cpu }) => [
        workers,
        alone.msPerStep.toFixed(1),
        watched.msPerStep.toFixed(1),
        time.toFixed(3),
        alone.cpuMsPerStep.toFixed(1),
        watched.cpuMsPerStep.toFixed(1),
        cpu.toFixed(3),
      ]),
    ]);
    // A goal is reached when it is exceeded, so it is stated as speed.
    const targets = results.map(({ workers, time }) =>
      target(`speed with ${viewers} pages open, of that alone, ${workers} workers`, 1 - MOST_COST, 1 / time),
    );
    return { preset: PRESET, codec: CODEC, viewers, rounds, steps, machine: before, results, targets };
  },
});

type Turns = Readonly<Record<(typeof CONTESTANTS)[number], readonly CoordinatorTurn[]>>;

function summaryOf(workers: number, { alone, watched }: Turns) {
  const of = (turns: readonly CoordinatorTurn[], member: 'msPerStep' | 'cpuMsPerStep') =>
    turns.map((turn) => turn[member]);
  const medians = (turns: readonly CoordinatorTurn[]) => ({
    msPerStep: median(of(turns, 'msPerStep')),
    cpuMsPerStep: median(of(turns, 'cpuMsPerStep')),
  });
  return {
    workers,
    alone: medians(alone),
    watched: medians(watched),
    time: pairedRatio(of(watched, 'msPerStep'), of(alone, 'msPerStep')),
    cpu: pairedRatio(of(watched, 'cpuMsPerStep'), of(alone, 'cpuMsPerStep')),
  };
}

/** What `gradcast coordinator` makes of its flags. */
function configOf(workers: number, steps: number, isWatched: boolean): CoordinatorConfig {
  const text =
    `--preset ${PRESET} --seed ${SEED} --steps ${steps} --micro-batches ${workers} --global-batch ${MICRO_BATCH * workers} ` +
    `--min-workers ${workers} --port 0 --metrics-port 0 --save-seconds 0 --no-samples --codec ${CODEC}`;
  const flags = [...text.split(' '), ...(isWatched ? [] : ['--no-page'])];
  return resolveCoordinator(flags, { environment: {}, cores: 1, hostname: 'benchmark' }).coordinator;
}

/** @returns what ends it. */
async function watch(harness: Harness, { pageUrl, metricsUrl }: Listening, viewers: number): Promise<() => void> {
  if (pageUrl === undefined) throw new BenchmarkError('the coordinator serves no page');
  const program = await harness.startProgram<Asked, Told>('watching/viewers-process.ts');
  await program.ask({ type: 'watch', pageUrl, metricsUrl, viewers, scrapeMs: SCRAPE_MS }, 'watching');
  return () => program.kill();
}
