/**
 * One thing done with a long ledger, in a process of its own, so that its peak memory is its own:
 *
 *     node process.mjs LIBRARY make OUT BYTES PART-BYTES | verify RUN | resume RUN | resume-unplaced RUN
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [libraryPath, what, path, ...numbers] = process.argv.slice(2);
const library = await import(pathToFileURL(libraryPath).href);
const { referenceKernels: kernels } = library;

const NUMERIC = {
  preset: 'mnist',
  seed: 9,
  microBatchSize: 32,
  microBatches: 4,
  learningRate: 0.0005,
  codec: 'f32',
  dataset: 'a'.repeat(64),
};
const BATCH = NUMERIC.microBatchSize * NUMERIC.microBatches;
const SYNC_LINES = 5_000;

/** A run whose state never moved: everything about its ledger is real but the training. */
async function make(out, bytes, partBytes) {
  const { RunFolder, LedgerWriter, Checkpoints, TrainingState, buildModel, presets, nameTensors } = library;
  const random = () => partBytes / 2 ** 40;
  const folder = await RunFolder.create({ out, preset: 'mnist', config: NUMERIC, now: Date.now, random });
  const header = { kind: 'header', format: library.LEDGER_FORMAT, run: folder.id, ...NUMERIC, samples: 60_000 };
  const writer = await LedgerWriter.create(folder.path, header, { partBytes });
  const model = buildModel(presets.mnist);
  const { learningRate, seed } = NUMERIC;
  const state = TrainingState.initial({ model, kernels, learningRate }, seed);
  const { fingerprint } = state.replica;
  let steps = 0;
  for (let written = 0; written < bytes;) {
    for (let line = 0; line < SYNC_LINES; line++) written += step(writer, ++steps, fingerprint);
    await writer.sync();
  }
  const scalars = state.vectors.scalars.slice();
  scalars[0] = steps;
  scalars[1] = steps * BATCH;
  await new Checkpoints(join(folder.path, 'checkpoints')).save({
    tensors: nameTensors(model, { ...state.vectors, scalars }),
    info: { step: steps, config: NUMERIC, manifest: {}, profile: [], incarnation: 1, ledger: writer.position },
  });
  await writer.close();
  await folder.release();
  return { run: folder.path, steps };
}

function step(writer, number, state) {
  const ms = (number % 977) / 10;
  writer.step({
    step: number,
    outcome: 'closed',
    from: (number - 1) * BATCH,
    to: number * BATCH,
    results: [
      { start: 0, size: 2, worker: 'worker-1', outcome: 'accepted', ms: 40 + ms },
      { start: 2, size: 2, worker: 'worker-2', outcome: 'accepted', ms: 41 + ms },
    ],
    profiles: ['0123456789abcdef'],
    average: number.toString(16).padStart(32, '0'),
    state,
  });
  const { offset } = writer.position.place;
  const bytes = offset - (step.offset ?? 0);
  step.offset = offset;
  return bytes > 0 ? bytes : offset;
}

async function resume(run, isPlaced) {
  const { checkpoint } = await new library.Checkpoints(join(run, 'checkpoints')).loadNewest();
  const { step: at, ledger } = checkpoint.info;
  const position = isPlaced ? ledger : { length: ledger.length, head: ledger.head };
  const { length, place } = await library.rewindLedger(run, { ...position, step: at });
  return { length, place };
}

const WORK = {
  make: () => make(path, ...numbers.map(Number)),
  verify: () => library.verifyRun(path),
  resume: () => resume(path, true),
  'resume-unplaced': () => resume(path, false),
};

const started = performance.now();
const result = await WORK[what]();
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ what, seconds, peakMiB: process.resourceUsage().maxRSS / 1024, result }));
