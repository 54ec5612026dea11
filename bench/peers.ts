/**
 * Gradcast beside Keras' MultiWorkerMirroredStrategy and PyTorch's DistributedDataParallel: the `tutorial` preset, two
 * workers of one thread each on the same two cores, 64 images a worker and step. All contestants run in each round, in
 * alternating order; ratios are medians of the paired rounds.
 *
 *     npm run bench:peers -- --gpu [--samples 64,256,1024] [--presets tutorial,dcgan] [--python PATH]
 *
 * With `--gpu` Gradcast's engines stand beside PyTorch on one GPU: the tutorial's step, the one-backward step, and that as a CUDA graph.
 */
import type { CodecName } from '@gradcast/protocol';
import { choices, count, counts, given, optional } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { machine, twoCores } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { median, orderOf, pairedRatio, round } from './harness/statistics.ts';
import { codecsFlag } from './harness/training.ts';
import {
  checkOneBackward,
  GLOBAL_BATCH,
  gradcast,
  gradcastKey,
  PEERS,
  rival,
  rivalKey,
  STEPS,
  WARM_UP,
} from './peers/contestants.ts';
import type { Peer } from './peers/contestants.ts';
import { pythonEnvironment } from './peers/environment.ts';
import { GPU_PRESETS, measureOnGpu } from './peers/gpu.ts';
import { measureWireRound, VECTOR_BYTES } from './peers/wire-round.ts';

/** How much faster Gradcast must be than the peers' tutorial steps. */
const TARGETS: Readonly<Partial<Record<CodecName, Readonly<Record<Peer, number>>>>> = {
  f32: { keras: 1.1, pytorch: 1.35 },
  f16: { keras: 1.15, pytorch: 1.4 },
};

/** Images a second of each contestant, by round. */
type Speeds = ReadonlyMap<string, number[]>;

export const benchmark = defineBenchmark({
  name: 'peers',
  shows:
    "Gradcast beside Keras' MultiWorkerMirroredStrategy and PyTorch's DistributedDataParallel, or beside PyTorch on a GPU.",
  lasts: 'about four minutes a round, and once a large download',
  words: { rounds: count(5, 'rounds') },
  flags: {
    codecs: codecsFlag,
    steps: count(60, 'steps that are measured of a run'),
    gpu: given('one worker beside PyTorch on the same GPU instead; what follows is for this'),
    samples: counts([64, 256, 1024], 'images of a micro-batch, several separated by commas'),
    presets: choices(GPU_PRESETS, 'presets'),
    seconds: count(3, 'seconds of each turn'),
    python: optional('PATH', 'a Python that has PyTorch with CUDA, and NumPy, in place of one that is downloaded'),
  },
  run: async (harness, { gpu, samples, presets, seconds, python: own, ...options }) => {
    if (gpu) return measureOnGpu(harness, { rounds: options.rounds, samples, presets, seconds, python: own });
    const { codecs, rounds, steps } = options;
    const { python, versions } = await pythonEnvironment(harness);
    const cores = twoCores();
    const arena = { harness, python, cores, steps };
    const checks: Partial<Record<Peer, Awaited<ReturnType<typeof checkOneBackward>>>> = {};
    for (const peer of PEERS) checks[peer] = await checkOneBackward(arena, peer);
    const contestants = [
      ...codecs.map((codec) => gradcast(arena, codec)),
      ...PEERS.flatMap((peer) => STEPS.map((step) => rival(arena, peer, step))),
    ];
    const before = machine();
    const speeds: Speeds = new Map(contestants.map(({ key }) => [key, []]));
    const wireMs: number[] = [];
    for (let index = 0; index < rounds; index++) {
      for (const { key, title, run } of orderOf(contestants, index)) {
        const speed = await run();
        speeds.get(key)!.push(speed);
        tell(`round ${index + 1} of ${rounds}: ${title}: ${speed.toFixed(1)} images/s`);
      }
      wireMs.push(await measureWireRound(harness, cores));
    }
    const results = contestants.map(({ key, title }) => resultOf(key, title, speeds.get(key)!));
    const ratios = codecs.flatMap((codec) => ratiosOf(codec, speeds));
    const wire = { bytesEachWay: VECTOR_BYTES, ms: wireMs.map(round), medianMs: round(median(wireMs)) };
    printTable(rowsOf({ results, codecs, speeds, wireMs: wire.medianMs }));
    const setting = { ...options, globalBatch: GLOBAL_BATCH, warmUp: WARM_UP, cores: cores ?? 'not confined' };
    return { setting, versions, machine: before, checks, contestants: results, wire, ratios };
  },
});

function resultOf(key: string, title: string, speeds: readonly number[]) {
  const middle = median(speeds);
  return {
    key,
    title,
    imagesPerSecond: speeds.map(round),
    median: round(middle),
    msPerStep: round((GLOBAL_BATCH * 1000) / middle),
  };
}

/** Gradcast over each row of each peer; targets stand against the tutorial rows. */
function ratiosOf(codec: CodecName, speeds: Speeds) {
  return PEERS.flatMap((peer) =>
    STEPS.map((step) => {
      const ratio = ratioOf(speeds, codec, rivalKey(peer, step));
      const target = step === 'tutorial' ? TARGETS[codec]?.[peer] : undefined;
      const verdict = target === undefined ? {} : { target, reached: ratio >= target };
      return { codec, peer, step, ratio: round(ratio), ...verdict };
    }),
  );
}

function ratioOf(speeds: Speeds, codec: CodecName, key: string): number {
  return pairedRatio(speeds.get(gradcastKey(codec))!, speeds.get(key)!);
}

interface Outcome {
  readonly results: readonly ReturnType<typeof resultOf>[];
  readonly codecs: readonly CodecName[];
  readonly speeds: Speeds;
  readonly wireMs: number;
}

function rowsOf({ results, codecs, speeds, wireMs }: Outcome) {
  const head = ['contestant', 'images/s', 'ms a step', ...codecs.map((codec) => `Gradcast ${codec} is x`)];
  const rows = results.map(({ key, title, median: speed, msPerStep }) => {
    const isOurs = key.startsWith('gradcast');
    const ratios = codecs.map((codec) => (isOurs ? '' : round(ratioOf(speeds, codec, key))));
    return [title, speed.toFixed(0), msPerStep.toFixed(0), ...ratios];
  });
  const bare = ['bare ws, no work', '', wireMs.toFixed(0), ...codecs.map(() => '')];
  return [head, ...rows, bare];
}
