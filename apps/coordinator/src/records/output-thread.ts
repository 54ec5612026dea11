/**
 * Thread that shows what the model in training gives: its own backend, its own engine, so the step loop never waits for it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { chooseBackend, loadBackend } from '@gradcast/backends-node';
import { testOriginals } from '@gradcast/dataset';
import type { TestOriginals } from '@gradcast/dataset';
import { openEngine } from '@gradcast/engine';
import { accuracy, gridShape, outputInputs, referenceInputs, sampleGrid, sampleSpread } from '@gradcast/evaluate';
import { writeAtomically } from '@gradcast/files';
import type { GradientEngine, TaskOutput } from '@gradcast/task';
import { findTask } from '@gradcast/own-task';
import type { OutputReply, OutputRequest, OutputSettings } from './outputs.ts';

const { identity, taskFile, seed, backend, data } = workerData as OutputSettings;

interface Opened {
  readonly engine: GradientEngine;
  readonly output: TaskOutput;
  readonly originals: TestOriginals | undefined;
}

async function open(): Promise<Opened> {
  const task = findTask(identity, taskFile)!;
  const { name, output } = task;
  if (!output) throw new Error(`task ${name} has no output`);
  const originals = await testOriginals({ name, output }, data ?? undefined);
  const chosen = await chooseBackend(backend);
  const loaded = await loadBackend(chosen.candidate, { gpu: chosen.gpus.at(0) });
  return { engine: await openEngine(task, loaded), output, originals };
}

const opened = open();
// Told to whoever asks, by then.
opened.catch(() => undefined);

async function show({ weights, path, isRead }: OutputRequest): Promise<OutputReply> {
  try {
    const { engine, output, originals } = await opened;
    engine.load(weights);
    const { values } = output;
    const grid = gridShape(output);
    const all = originals?.count ?? grid.count;
    const count = values.kind === 'image' ? Math.min(grid.count, all) : all;
    const inputs = outputInputs(output, { seed, count, originals: originals?.values });
    const given = await engine.infer(inputs, referenceInputs(output, originals?.values));
    switch (values.kind) {
      case 'image': {
        const images = given as Uint8Array;
        await writeAtomically(path, [sampleGrid(images, { count, shape: values.shape, rows: grid.rows })]);
        // A copy: what an engine gives may lie over memory of its own.
        return { path, spread: sampleSpread(images, count), images: isRead ? images.slice() : null };
      }
      case 'classes': {
        const { split, values: known } = originals!;
        const share = accuracy(given as Float32Array, known.label as Uint8Array, values.classes);
        return { scores: { split, samples: count, accuracy: share } };
      }
      case 'vector':
        throw new Error('nothing is shown of numbers that are for programs');
      default:
        return values satisfies never;
    }
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: OutputRequest) => {
  void show(request).then((reply) => {
    const images = 'images' in reply ? reply.images : null;
    parentPort?.postMessage(reply, images ? [images.buffer] : []);
  });
});
