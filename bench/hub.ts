/**
 * What the coordinator costs: the real process, through real sockets, with workers that answer every lease at once with a
 * canned vector of the `tutorial` preset (10.2 MB as f32), or of `dcgan` for fleets of hundreds (0.9 MB with int8). Beside it,
 * in alternating turns, what a bare `ws` server reaches with the same bytes over as many sockets of as many processes: the
 * least that such a hub can cost.
 *
 *     npm run bench:hub -- --preset dcgan --codecs int8 --workers 64,256,1024 --rounds 1
 *     npm run bench:hub -- --codecs f16 --workers 4 --leaves 8 --micro-batch 64      a step as several GPUs have it
 *     npm run bench:hub -- … --socket unix                                           with workers that `train` starts
 *
 * `--steps` are those measured with one worker; N workers do an N-th of them, ten at least. `--profile` writes a processor
 * profile of each coordinator (for Chrome's developer tools, or `bench:hub-profile`); such times are not comparable.
 * Medians of rounds, ratios paired within a round.
 */
import { resolve } from 'node:path';
import { resolveCoordinator } from '@gradcast/config';
import type { CoordinatorConfig } from '@gradcast/config';
import { ganTask, presetNames, presets } from '@gradcast/gan';
import type { GanTask, PresetName } from '@gradcast/gan';
import { CODECS, encodeFrame } from '@gradcast/protocol';
import type { CodecName, MessageOf } from '@gradcast/protocol';
import { globalBatch } from '@gradcast/schedule';
import type { StepShape } from '@gradcast/schedule';
import { choice, choices, count, optional, powerOfTwo, powersOfTwo } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { machine } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import type { Line } from './harness/fit.ts';
import { orderOf, round } from './harness/statistics.ts';
import { cannedPayloads, trajectory } from './hub/canned.ts';
import { memoryOf, rowsOf, summaryOf, targetsOf } from './hub/summary.ts';
import type { BareTurn, CoordinatorTurn, Turn } from './hub/summary.ts';
import { bareTurn, coordinatorTurn, SOCKETS } from './hub/turns.ts';

const SEED = 1;
const LEAST_STEPS = 10;
const WARM_UP_SHARE = 5;
const LEAST_WARM_UP = 4;
const CONTESTANTS = ['coordinator', 'bare'] as const;

export const benchmark = defineBenchmark({
  name: 'hub',
  shows: 'What the coordinator costs behind real sockets, beside a bare exchange of the same bytes.',
  lasts: 'about four minutes',
  words: {},
  flags: {
    rounds: count(3, 'rounds'),
    workers: powersOfTwo([1, 2, 4, 8, 16, 32], 'workers'),
    codecs: choices(CODECS, 'codecs'),
    leaves: powerOfTwo(1, 'leaves a worker'),
    'micro-batch': count(16, 'images a leaf, by default the fewest that the preset takes'),
    steps: count(160, 'steps measured with one worker'),
    preset: choice(presetNames, 'tutorial', 'preset'),
    socket: choice(SOCKETS, 'tcp', 'how workers reach the coordinator'),
    profile: optional('FOLDER', 'where a processor profile of each coordinator is written'),
  },
  run: async (
    harness,
    { rounds, workers: fleets, codecs, leaves, 'micro-batch': microBatchSize, steps, preset, socket, profile },
  ) => {
    const model = ganTask(presets[preset]);
    const lengths = new Map(fleets.map((workers) => [workers, stepsFor(workers, steps)]));
    const fingerprints = trajectory(model, {
      seed: SEED,
      versions: Math.max(...[...lengths.values()].map(({ begin, measured }) => begin + measured)),
    });
    const profileTo = profile === undefined ? undefined : resolve(profile);
    const before = machine();
    const turns: Turn[] = [];
    for (let index = 0; index < rounds; index++) {
      for (const workers of fleets) {
        for (const codec of codecs) {
          const { begin, measured } = lengths.get(workers)!;
          const end = begin + measured;
          const batches = { microBatches: workers * leaves, microBatchSize };
          const config = configOf({ preset, workers, codec, batches, steps: end + LEAST_STEPS });
          const run = { preset, microBatchSize, seed: SEED, codec, fingerprints, begin, end };
          const found: { coordinator?: CoordinatorTurn; bare?: BareTurn } = {};
          for (const contestant of orderOf(CONTESTANTS, index)) {
            if (contestant === 'coordinator') {
              found.coordinator = await coordinatorTurn(harness, { config, run, workers, socket, profileTo });
            } else {
              const bytes = messageBytes(model, codec);
              found.bare = await bareTurn(harness, { workers, socket, warmUp: begin, steps: measured, ...bytes });
            }
          }
          const turn = { workers, codec, coordinator: found.coordinator!, bare: found.bare! };
          turns.push(turn);
          tellTurn(`round ${index + 1} of ${rounds}`, turn);
        }
      }
    }
    const results = fleets.flatMap((workers) =>
      codecs.map((codec) => {
        const own = turns.filter((turn) => turn.workers === workers && turn.codec === codec);
        return summaryOf(own, lengths.get(workers)!.measured);
      }),
    );
    const memory = memoryOf(results, codecs);
    printTable(rowsOf(results));
    for (const [codec, { steady, peak }] of Object.entries(memory)) {
      tell(`memory of the coordinator, ${codec}: steady ${inWords(steady)}; peak ${inWords(peak)}`);
    }
    const parameters = model.parameters.length;
    return {
      preset,
      parameters,
      socket,
      rounds,
      machine: before,
      results,
      memory,
      targets: targetsOf(results, memory, turns),
    };
  },
});

/** How many steps are measured with so many workers, and how many go before. */
function stepsFor(workers: number, steps: number) {
  const measured = Math.max(LEAST_STEPS, Math.ceil(steps / workers));
  return { measured, begin: Math.max(LEAST_WARM_UP, Math.ceil(measured / WARM_UP_SHARE)) };
}

interface Setting {
  readonly preset: PresetName;
  readonly workers: number;
  readonly batches: StepShape;
  readonly codec: CodecName;
  readonly steps: number;
}

/** What `gradcast coordinator` makes of its flags. */
function configOf({ preset, workers, codec, batches, steps }: Setting): CoordinatorConfig {
  const text =
    `--preset ${preset} --seed ${SEED} --steps ${steps} --micro-batches ${batches.microBatches} ` +
    `--global-batch ${globalBatch(batches)} ` +
    `--min-workers ${workers} --port 0 --metrics-port 0 --save-seconds 0 --no-samples --log-level silent --codec ${codec}`;
  return resolveCoordinator(text.split(' '), { environment: {}, cores: 1, hostname: 'benchmark' }).coordinator;
}

/** Bytes of an average and of a result, headers included. */
function messageBytes(model: GanTask, codec: CodecName) {
  const { averageBytes, resultBytes } = cannedPayloads(model, { codec, seed: SEED });
  const incarnation = 1;
  const scalars = { alpha: 0.1, oneMinusBeta1: 0.1, oneMinusBeta2: 0.1, epsilon: 0.1 };
  const average: MessageOf<'average'> = { type: 'average', incarnation, version: 100, scalars };
  const result: MessageOf<'result'> = {
    type: 'result',
    incarnation,
    lease: 1000,
    version: 100,
    subtree: { start: 0, size: 1 },
    fingerprint: '0'.repeat(32),
    computeMs: 0,
    queueMs: 0,
  };
  return {
    bytesDown: encodeFrame(average).byteLength + averageBytes,
    bytesUp: encodeFrame(result).byteLength + resultBytes,
  };
}

function tellTurn(when: string, { workers, codec, coordinator, bare }: Turn): void {
  const ofBare = Math.round((100 * coordinator.gigabytesPerSecond) / bare.gigabytesPerSecond);
  tell(
    `${when}, ${codec}, ${workers} workers: ${coordinator.msPerStep.toFixed(1)} ms a step, ` +
      `bare ${bare.msPerStep.toFixed(1)} ms, ${ofBare} % of its bytes a second`,
  );
}

function inWords({ slope, intercept, r2 }: Line): string {
  return `${round(intercept)} MB + ${round(slope)} MB a worker (R² ${r2.toFixed(3)})`;
}
