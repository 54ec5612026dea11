/**
 * One, two and three workers end with the same bits: real processes, real MNIST. And what they trained has learnt: the
 * losses move the way they must.
 */
import { hashesOf, readMetrics, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { MetricsRecord, Summary } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

interface Training {
  readonly preset: string;
  readonly steps: number;
  readonly backend: string;
  readonly codec?: string;
  readonly workers: number;
  readonly seed: number;
}

interface Trained {
  readonly summary: Summary;
  readonly metrics: readonly MetricsRecord[];
}

/** Runs that several tests look at are made once. */
const trained = new Map<string, Promise<Trained>>();

function train(training: Training): Promise<Trained> {
  const key = JSON.stringify(training);
  const known = trained.get(key) ?? runTraining(training);
  trained.set(key, known);
  return known;
}

async function runTraining(training: Training): Promise<Trained> {
  const out = Object.values(training).join('-');
  const flags = Object.entries(training).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { code, stderr } = await bench.run(['train', ...flags, '--out', out, '--log-interval', '1', '--no-samples']);
  expect(code, stderr).toBe(0);
  const [run] = await runsIn(bench.path(out));
  return { summary: await readSummary(run), metrics: await readMetrics(run) };
}

/** What gradients of these two networks do first, whatever the preset: D tells real from fake ever better. */
function expectLearning(metrics: readonly MetricsRecord[]): void {
  const first = metrics.at(0)!;
  const last = metrics.at(-1)!;
  expect(last.loss_d).toBeLessThan(first.loss_d - 0.02);
  expect(last.d_x - last.d_g_z).toBeGreaterThan(first.d_x - first.d_g_z + 0.02);
}

const trainings: Omit<Training, 'workers' | 'seed'>[] = [
  { preset: 'mnist', steps: 10, backend: 'tensorflow' },
  { preset: 'tutorial', steps: 2, backend: 'tensorflow' },
  { preset: 'classic', steps: 8, backend: 'tensorflow' },
  { preset: 'conditional', steps: 10, backend: 'tensorflow' },
  { preset: 'mnist', steps: 4, backend: 'wasm' },
  ...['f16', 'bf16', 'int8'].map((codec) => ({ preset: 'mnist', steps: 4, backend: 'tensorflow', codec })),
];

describe.each(trainings)('$preset on $backend, codec $codec', (training) => {
  it('ends with the same bits whatever the number of workers', async () => {
    const one = await train({ ...training, workers: 1, seed: 7 });
    expect(one.summary).toMatchObject({ ...training, status: 'completed', workers: 1, seed: 7, exact: true });
    expect(one.summary.parametersSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(one.summary.images).toBe(training.steps * one.summary.globalBatch);
    expectLearning(one.metrics);
    // One worker sends the fewest nodes of the tree, three send the most; two cut it once more, which one preset shows.
    for (const workers of training === trainings[0] ? [2, 3] : [3]) {
      const { summary, metrics } = await train({ ...training, workers, seed: 7 });
      expect(hashesOf(summary), `${workers} workers`).toEqual(hashesOf(one.summary));
      expect(metrics.map(facts), `${workers} workers`).toEqual(one.metrics.map(facts));
    }
  });
});

it('ends with other bits for another seed', async () => {
  const [seven, eight] = await Promise.all(
    [7, 8].map((seed) => train({ preset: 'mnist', steps: 4, backend: 'wasm', workers: 1, seed })),
  );
  expect(seven.summary.parametersSha256).not.toBe(eight.summary.parametersSha256);
  expect(seven.summary.stateSha256).not.toBe(eight.summary.stateSha256);
});

it('starts at the losses of a coin toss and leaves them in the right direction', async () => {
  const { metrics } = await train({ preset: 'dcgan', steps: 10, backend: 'tensorflow', workers: 1, seed: 7 });
  expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const [first] = metrics;
  // With weights near zero D says one half to everything.
  expect(first.loss_d).toBeCloseTo(2 * Math.LN2, 1);
  expect(first.loss_g).toBeCloseTo(Math.LN2, 1);
  expect(first.d_x).toBeCloseTo(0.5, 1);
  expect(Math.min(...metrics.map(({ loss_d }) => loss_d))).toBeLessThan(1.1);
  // G pushes back: fakes fool D more at some later step than at the first.
  expect(Math.max(...metrics.map(({ d_g_z }) => d_g_z))).toBeGreaterThan(first.d_g_z + 0.02);
});

/** The part of a record that time has no say in. */
function facts({ step, images, loss_g, loss_d, d_x, d_g_z }: MetricsRecord) {
  return { step, images, loss_g, loss_d, d_x, d_g_z };
}
