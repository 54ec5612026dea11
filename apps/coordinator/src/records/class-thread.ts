/**
 * Thread in which a judge reads the samples of grids. Like scores they are computed on `wasm`, whatever draws the grids: the same
 * images are read the same on any machine, and a judge that cannot be had costs no grid.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { loadBackend } from '@gradcast/backends-node';
import { openJudge } from '@gradcast/judge';
import { giveWay } from './give-way.ts';
import { readClasses } from './read-classes.ts';
import type { ClassReply, ClassRequest, ClassSettings } from './grid-classes.ts';

const { judge: record } = workerData as ClassSettings;

giveWay();
const opened = loadBackend('wasm').then((loaded) => openJudge(record, loaded));
// Told to whoever asks, by then.
opened.catch(() => undefined);

async function read({ images }: ClassRequest): Promise<ClassReply> {
  try {
    return { classes: await readClasses(await opened, images) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: ClassRequest) => {
  void read(request).then((reply) => parentPort?.postMessage(reply));
});
