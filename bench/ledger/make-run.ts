/** A run whose state never moved: everything about its ledger is real but the training. */
import { join } from 'node:path';
import { Checkpoints } from '@gradcast/checkpoint';
import { LEDGER_FORMAT, LedgerWriter } from '@gradcast/ledger';
import { ganTask, presets } from '@gradcast/gan';
import { nameTensors, TrainingState } from '@gradcast/optimizer';
import { RunFolder } from '@gradcast/run-folder';
import { referenceKernels as kernels } from '@gradcast/vector';

export interface MakeOptions {
  /** Folder of runs. */
  readonly out: string;
  /** Of the ledger's lines, at least. */
  readonly bytes: number;
  /** Of a part of the ledger. */
  readonly partBytes: number;
}

const NUMERIC = {
  preset: 'dcgan',
  seed: 9,
  microBatchSize: 32,
  microBatches: 4,
  learningRate: 0.0005,
  codec: 'f32',
  dataset: 'a'.repeat(64),
} as const;
const BATCH = NUMERIC.microBatchSize * NUMERIC.microBatches;
const SYNC_LINES = 5_000;

export async function makeRun({ out, bytes, partBytes }: MakeOptions) {
  const folder = await RunFolder.create({
    out,
    preset: NUMERIC.preset,
    config: NUMERIC,
    now: Date.now,
    random: Math.random,
  });
  const header = { kind: 'header', format: LEDGER_FORMAT, run: folder.id, ...NUMERIC, samples: 60_000 } as const;
  const writer = await LedgerWriter.create(folder.path, header, { partBytes });
  const model = ganTask(presets[NUMERIC.preset]);
  const state = TrainingState.initial({ task: model, kernels }, NUMERIC.seed);
  const { fingerprint } = state.replica;
  const lines = new Lines(writer, fingerprint);
  while (lines.bytes < bytes) {
    for (let line = 0; line < SYNC_LINES; line++) lines.add();
    await writer.sync();
  }
  const { steps } = lines;
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

/** Lines like those of a run with two workers. */
class Lines {
  steps = 0;
  /** What they take. */
  bytes = 0;
  readonly #writer: LedgerWriter;
  readonly #state: string;
  #offset = 0;

  constructor(writer: LedgerWriter, state: string) {
    this.#writer = writer;
    this.#state = state;
  }

  add(): void {
    const step = ++this.steps;
    const ms = (step % 977) / 10;
    this.#writer.step({
      step,
      outcome: 'closed',
      from: (step - 1) * BATCH,
      to: step * BATCH,
      results: [
        { start: 0, size: 2, worker: 'worker-1', outcome: 'accepted', ms: 40 + ms },
        { start: 2, size: 2, worker: 'worker-2', outcome: 'accepted', ms: 41 + ms },
      ],
      profiles: ['0123456789abcdef'],
      average: step.toString(16).padStart(32, '0'),
      state: this.#state,
    });
    const { offset } = this.#writer.position.place!;
    // A new part begins at 0.
    this.bytes += offset > this.#offset ? offset - this.#offset : offset;
    this.#offset = offset;
  }
}
