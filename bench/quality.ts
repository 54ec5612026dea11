/**
 * How good samples are after so many minutes: presets of Gradcast beside public GANs of other frameworks, on the same two cores
 * for the same time, scored by both judges. docs/quality.md says what the scores mean.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { PresetName } from '@gradcast/gan';
import { choicesOrNone, counts, folder, optionalCount, positive } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import { machine, twoCores } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { orderOf } from './harness/statistics.ts';
import { pythonEnvironment } from './peers/environment.ts';
import { gradcast, PANEL, PEERS, rival, SAMPLES } from './quality/contestants.ts';
import type { Contestant, Length, Trial } from './quality/contestants.ts';
import { picture, reportOf, rowsOf } from './quality/report.ts';
import type { Outcome } from './quality/report.ts';

const PRESETS = ['mnist', 'conditional', 'dcgan', 'classic', 'tutorial'] as const satisfies readonly PresetName[];

export const benchmark = defineBenchmark({
  name: 'quality',
  shows:
    'How good samples are after the same minutes: presets beside a PyTorch and a TensorFlow DCGAN, by both judges.',
  lasts: '12 minutes a contestant and seed, 21 of them by default, and at first a large download for the peers',
  words: {},
  flags: {
    minutes: positive(10, 'minutes that each trains'),
    images: optionalCount('images that each trains on, in place of minutes'),
    seeds: counts([1, 2, 3], 'seeds'),
    presets: choicesOrNone(PRESETS, 'presets'),
    peers: choicesOrNone(PEERS, 'peers'),
    out: folder('runs/quality', 'where the table, the picture and the JSON are written'),
  },
  run: async (harness, { minutes, images, seeds, presets, peers, out }) => {
    if (presets.length + peers.length === 0) {
      throw new BenchmarkError('there is nobody to compare: name a preset or a peer', { exitCode: 2 });
    }
    const length: Length = images === undefined ? { minutes } : { images };
    const cores = twoCores();
    const arena = { harness, cores, length };
    const environment = peers.length > 0 ? await pythonEnvironment(harness) : undefined;
    const contestants = [
      ...presets.map((preset) => gradcast(arena, preset)),
      ...(environment ? peers.map((peer) => rival(arena, peer, environment.python)) : []),
    ];
    const before = machine();
    const target = resolve(harness.root, out);
    await mkdir(target, { recursive: true });
    const results = new Map<string, { trials: Trial[]; samples: Uint8Array }>();
    const finished = () => outcomesOf(contestants, results);
    const report = () => ({
      setting: { ...length, seeds, samples: SAMPLES, workers: 2, cores: cores ?? 'not confined' },
      versions: { node: process.version, ...environment?.versions },
      machine: before,
      ...reportOf(finished()),
      panel: { ...PANEL, seed: seeds[0], order: finished().map(({ title }) => title) },
    });
    for (const [round, seed] of seeds.entries()) {
      for (const { key, title, run } of orderOf(contestants, round)) {
        const { trial, samples } = await run(seed);
        const known = results.get(key);
        if (known) known.trials.push(trial);
        else results.set(key, { trials: [trial], samples });
        tell(sentenceOf(title, trial));
        // Hours of training are not lost with the last of them.
        await write(target, report(), finished());
      }
    }
    printTable(rowsOf(finished()));
    tell(`${target} has the same as JSON, and the first ${PANEL.rows * PANEL.columns} samples of each as a picture`);
    return report();
  },
});

function outcomesOf(
  contestants: readonly Contestant[],
  results: ReadonlyMap<string, Pick<Outcome, 'trials' | 'samples'>>,
): readonly Outcome[] {
  return contestants.flatMap(({ key, title }) => {
    const result = results.get(key);
    return result ? [{ key, title, ...result }] : [];
  });
}

async function write(target: string, report: object, outcomes: readonly Outcome[]): Promise<void> {
  await writeFile(join(target, 'quality.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(target, 'quality.png'), picture(outcomes));
}

function sentenceOf(title: string, { seed, images, seconds, judges: [first, second] }: Trial): string {
  const distances = `Fréchet ${first.scores.frechet.toFixed(1)} and ${second.scores.frechet.toFixed(1)}`;
  return `${title}, seed ${seed}: ${images} images in ${(seconds / 60).toFixed(1)} minutes, ${distances}`;
}
