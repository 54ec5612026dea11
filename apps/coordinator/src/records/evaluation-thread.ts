/**
 * Thread that scores samples of the model in training, as `gradcast evaluate` scores a checkpoint: with its own backend, `wasm`,
 * whose numbers are the same on any machine, and its own engines.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { chooseBackend, loadBackend } from '@gradcast/backends-node';
import { testOriginals } from '@gradcast/dataset';
import type { TestOriginals } from '@gradcast/dataset';
import { openEngine } from '@gradcast/engine';
import type { RealImages } from '@gradcast/evaluate';
import { drawImages, isJudged, judgeReal, judgesOf, loadRealPixels, openJudge } from '@gradcast/judge';
import type { Judge, RealPixels } from '@gradcast/judge';
import { findTask } from '@gradcast/own-task';
import type { GradientEngine, ImageOutput } from '@gradcast/task';
import { giveWay } from './give-way.ts';
import { HeldOutScalars } from './held-out.ts';
import type { EvaluationReply, EvaluationRequest, EvaluationSettings } from './evaluations.ts';

const { identity, taskFile, data, count } = workerData as EvaluationSettings;

/** Every evaluation is of the same points, which `gradcast evaluate` takes, too. */
const SEED = 0;
interface Opened {
  readonly engine: GradientEngine;
  readonly output: ImageOutput;
  readonly originals: TestOriginals | undefined;
  readonly judge: Judge;
  readonly pixels: RealPixels;
  readonly real: RealImages;
  readonly heldOut: HeldOutScalars;
}

async function open(): Promise<Opened> {
  const task = findTask(identity, taskFile)!;
  const { name, output } = task;
  if (!isJudged(output)) {
    throw new Error(`the preset ${name} draws no images that a judge reads`);
  }
  const pixels = await loadRealPixels(data ?? undefined);
  const originals = await testOriginals({ name, output }, data ?? undefined);
  const { candidate } = await chooseBackend('wasm');
  const loaded = await loadBackend(candidate);
  const judge = await openJudge(judgesOf(pixels.dataset)[0], loaded);
  const real = await judgeReal(judge, pixels);
  const heldOut = await HeldOutScalars.open(task, data ?? undefined);
  const engine = await openEngine(task, loaded);
  return { engine, output, originals, judge, pixels, real, heldOut };
}

giveWay();
const opened = open();
// Told to whoever asks, by then.
opened.catch(() => undefined);

async function evaluate({ step, weights }: EvaluationRequest): Promise<EvaluationReply> {
  try {
    const { engine, output, originals, judge, pixels, real, heldOut } = await opened;
    engine.load(weights);
    const labels = pixels.testLabels;
    const images = await drawImages(engine, output, {
      count,
      seed: SEED,
      originals: originals?.values,
      labels,
    });
    const scores = real.scoresOf(await judge.see(images));
    const { frechet, kernelDistance, precision, recall, density, coverage } = scores;
    const { entropy, confidence, nearestRatio, shares } = scores;
    const overlap = { frechet, kernelDistance, precision, recall, density, coverage };
    const classes = { entropy, confidence, nearestRatio, shares };
    const about = { step, judge: judge.record.name, samples: count };
    return { quality: { ...about, ...overlap, ...classes, heldOut: await heldOut.of(engine) } };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: EvaluationRequest) => {
  void evaluate(request).then((reply) => parentPort?.postMessage(reply));
});
