/**
 * What a codec costs and brings, on the `dcgan` preset with two workers of one thread each: bytes up and down per step
 * and worker, images a second, and how far the images of the trained generator lie from real ones. Half a minute at the
 * start goes into the real images.
 *
 * Each round trains once with every codec, in alternating order, all from one seed. The first `seeds` rounds have a seed
 * each and are judged; later rounds use these seeds again, for speed, and must come to the same bits.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Summary } from '@gradcast/config';
import { CODECS } from '@gradcast/protocol';
import type { CodecName } from '@gradcast/protocol';
import { COMPONENTS, readSamples, realImages, SAMPLES } from './codecs/quality.ts';
import type { RealImages } from './codecs/quality.ts';
import { rowsOf, sameBits, scaleOf, summaryOf } from './codecs/summary.ts';
import type { CodecRun } from './codecs/summary.ts';
import { bytesPerStep, followWire, sizesOf } from './codecs/wire.ts';
import type { FollowedWire } from './codecs/wire.ts';
import { count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { orderOf, round } from './harness/statistics.ts';
import { jsonLine } from './harness/training.ts';

const WORKERS = 2;
const FLAGS =
  `--preset dcgan --workers ${WORKERS} --min-workers ${WORKERS} --threads 1 --backend tensorflow ` +
  '--no-samples --no-progress --json';
/** Of the noise that samples are drawn from: the same points of the latent space for all runs. */
const SAMPLE_SEED = 1;

export const benchmark = defineBenchmark({
  name: 'codecs',
  shows: 'What a codec costs and brings: bytes, images a second, distance of generated images from real ones.',
  lasts: 'about ten minutes',
  words: {},
  flags: {
    steps: count(300, 'steps of a run'),
    seeds: count(2, 'seeds, each of which is judged'),
    rounds: count(3, 'rounds, at least as many as seeds'),
  },
  run: async (harness, { steps, seeds, rounds }) => {
    if (rounds < seeds) {
      const sentence = `bench:codecs judges one seed a round, so ${seeds} seeds need at least ${seeds} rounds, not ${rounds}`;
      throw new BenchmarkError(sentence, { exitCode: 2 });
    }
    const before = machine();
    const sizes = sizesOf('dcgan');
    const real = await realImages();
    const runs: (CodecRun & { readonly round: number })[] = [];
    for (let index = 0; index < rounds; index++) {
      for (const codec of orderOf(CODECS, index)) {
        const judge = index < seeds ? real : undefined;
        const run = await trainOnce(harness, { codec, steps, seed: index % seeds, judge });
        runs.push({ round: index, ...run });
        tell(`round ${index + 1} of ${rounds}: ${sentenceOf(run)}`);
      }
    }
    const report = {
      flags: `${FLAGS} --steps ${steps}`,
      rounds,
      seeds,
      samples: SAMPLES,
      components: COMPONENTS,
      heldVariance: round(real.heldVariance),
      machine: { before, loadAverageAfter: machine().loadAverage },
      distances: {
        halves: round(real.scale.halves),
        sameCount: round(real.scale.sameCount),
        meanImage: round(real.scale.meanImage),
      },
      codecs: Object.fromEntries(CODECS.map((codec) => [codec, summaryOf(codec, runs, sizes[codec])])),
      sameBits: sameBits(runs),
      runs,
    };
    printTable(rowsOf(report.codecs));
    tell(scaleOf(report.distances));
    return report;
  },
});

interface Setting {
  readonly codec: CodecName;
  readonly steps: number;
  readonly seed: number;
  /** What its images are compared with, if they are. */
  readonly judge: RealImages | undefined;
}

/** One run, its bytes and its speed, and if it is judged the distance of its images. */
async function trainOnce(harness: Harness, { codec, steps, seed, judge }: Setting): Promise<CodecRun> {
  const out = join(harness.folder, 'runs');
  const numbers = ['--steps', `${steps}`, '--codec', codec, '--seed', `${seed}`];
  const wires: FollowedWire[] = [];
  const summaries: Summary[] = [];
  let readings: Awaited<ReturnType<FollowedWire['stop']>> = [];
  try {
    const onLine = (line: string) => {
      const message = jsonLine(line);
      if (message.type === 'listening') wires.push(followWire(message.metricsUrl));
      if (message.type === 'summary') summaries.push(message);
    };
    await harness.gradcast(['train', ...FLAGS.split(' '), ...numbers, '--out', out], { onLine });
  } finally {
    readings = (await wires.at(0)?.stop()) ?? [];
  }
  const summary = summaries.at(0);
  if (!summary) throw new BenchmarkError('gradcast train printed no summary');
  const run = join(harness.root, summary.runFolder);
  const distance = judge && judge.distanceOf(await drawn(harness, run));
  await rm(out, { recursive: true });
  const { imagesPerSecond, parametersSha256, exact } = summary;
  return {
    codec,
    seed,
    imagesPerSecond: round(imagesPerSecond),
    bytes: bytesPerStep(readings, WORKERS),
    distance: distance === undefined ? undefined : round(distance),
    parametersSha256,
    exact,
  };
}

/** Images that a run's generator draws. */
async function drawn(harness: Harness, run: string): Promise<Uint8Array> {
  const output = join(harness.folder, 'samples.npy');
  const args = `--count ${SAMPLES} --seed ${SAMPLE_SEED} --backend tensorflow --output`;
  await harness.gradcast(['sample', run, ...args.split(' '), output]);
  return readSamples(output);
}

function sentenceOf({ codec, seed, imagesPerSecond, distance }: CodecRun): string {
  const judged = distance === undefined ? '' : `, distance ${distance.toFixed(2)}`;
  return `${codec}, seed ${seed}: ${imagesPerSecond.toFixed(0)} images/s${judged}`;
}
