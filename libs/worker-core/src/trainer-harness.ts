/** A trainer on a test's bench: fake engines, a clock by hand, and the frames that a coordinator would send. */
import { EXAMPLE } from '@gradcast/definition/example';
import { ganTask, tinyPresets } from '@gradcast/gan';
import { optimizerOf, Replica } from '@gradcast/optimizer';
import { decodeFromWorker, encodeFrame, leaseParts } from '@gradcast/protocol';
import type { MessageOf, Received, WorkerMessage } from '@gradcast/protocol';
import { fieldShapes } from '@gradcast/task';
import type { MicroBatch, Task } from '@gradcast/task';
import { referenceKernels as kernels } from '@gradcast/vector';
import { FakeEngine } from './fake-engine.ts';
import { Trainer } from './trainer.ts';

export const preset = tinyPresets.softmax;
export const model = ganTask(preset);
export const SCALARS = { alpha: 0.01, oneMinusBeta1: 0.5, oneMinusBeta2: 0.25, epsilon: 1e-3 };
export const INCARNATION = 3;

const [height, width] = preset.image;
const pixels = height * width;
const shape = { fields: fieldShapes(model.fields) };

/** Micro-batch of a leaf of a step, by formula. */
export function leafOf(version: number, leaf: number): MicroBatch {
  const seed = version * 31 + leaf * 7;
  const size = preset.microBatch;
  return {
    size,
    fields: {
      images: Uint8Array.from({ length: size * pixels }, (_, i) => (i * 13 + seed * 5) % 256),
      noise: Float32Array.from({ length: size * preset.latent }, (_, i) => ((i * 3 + seed) % 17) / 7 - 1),
    },
  };
}

/** The coordinator's replica at version 0. */
export function truth(version = 0): Replica {
  const parameters = Float32Array.from({ length: model.parameters.length }, (_, i) => ((i % 23) - 11) / 8);
  const empty = () => new Float32Array(model.parameters.length);
  const optimizer = optimizerOf(model.optimizer);
  return new Replica({ parameters, slots: [empty(), empty()] }, { version, optimizer, kernels });
}

export const averageOf = (version: number) =>
  Float32Array.from({ length: model.parameters.length }, (_, i) => ((i + version) % 9) - 4);

export const frames = {
  welcome: (change: Partial<MessageOf<'welcome'>> = {}) =>
    encodeFrame({
      type: 'welcome',
      incarnation: INCARNATION,
      run: 'run',
      worker: 'w',
      session: 'ab'.repeat(16),
      ...EXAMPLE,
      preset: preset.name,
      seed: 5,
      microBatchSize: preset.microBatch,
      microBatches: 8,
      silenceSeconds: 30,
      ...change,
    }),
  snapshot: (replica: Replica, change: Partial<MessageOf<'snapshot'>> = {}) => {
    const { version, fingerprint } = replica;
    const message = { type: 'snapshot', incarnation: INCARNATION, version, fingerprint, ...change };
    return encodeFrame(message, [replica.vectors.parameters, ...replica.vectors.slots]);
  },
  lease: (version: number, first: number, count: number, change: Partial<MessageOf<'lease'>> = {}) => {
    const leaves = Array.from({ length: count }, (_, i) => leafOf(version, first + i));
    const images = Uint8Array.from(leaves.flatMap((leaf) => [...leaf.fields.images]));
    const noise = Float32Array.from(leaves.flatMap((leaf) => [...leaf.fields.noise]));
    const message = { type: 'lease', incarnation: INCARNATION, lease: 1, version, first, count };
    return encodeFrame({ ...message, ...change }, leaseParts(shape, { images, noise }));
  },
  average: (version: number, change: Partial<MessageOf<'average'>> = {}) =>
    encodeFrame({ type: 'average', incarnation: INCARNATION, version, scalars: SCALARS, ...change }, [
      averageOf(version),
    ]),
  skipped: (version: number) => encodeFrame({ type: 'average', incarnation: INCARNATION, version, scalars: null }),
};

export class TrainerHarness {
  readonly engines: FakeEngine[] = [];
  /** Everything the trainer sent. */
  readonly sent: Received<WorkerMessage>[] = [];
  readonly measured: [number, number][] = [];
  /** How often it ran out of work. */
  idles = 0;
  /** Milliseconds; moves by hand. */
  clock = 0;
  /** Runs before each micro-batch of a lease; messages delivered here have arrived in between. */
  atYield: () => void = () => undefined;
  /** Whether pauses between micro-batches are rests. */
  rests = false;
  /** Makes engines. */
  makeEngine: (task: Task) => FakeEngine = (task) => new FakeEngine(task);
  /** Prepares an engine before its first use. */
  prepare: (engine: FakeEngine) => void = () => undefined;
  readonly trainer: Trainer;

  constructor() {
    this.trainer = new Trainer({
      task: ({ preset: name }) =>
        Object.values(tinyPresets)
          .map(ganTask)
          .find((known) => known.name === name),
      createEngine: (wanted) => {
        const engine = this.makeEngine(wanted);
        this.prepare(engine);
        this.engines.push(engine);
        return Promise.resolve(engine);
      },
      send: (frame) => void this.sent.push(decodeFromWorker(frame)),
      sha256: (bytes) => {
        const hash = kernels.fingerprint([new Float32Array(bytes.slice(0, bytes.length & ~3).buffer)]);
        return Promise.resolve(hash + hash);
      },
      idle: () => (this.idles += 1),
      now: () => this.clock,
      yield: () => {
        this.atYield();
        return Promise.resolve();
      },
      rests: () => this.rests,
      measured: (computeMs, images) => void this.measured.push([computeMs, images]),
      createKernels: () => kernels,
    });
  }

  get engine(): FakeEngine {
    return this.engines[this.engines.length - 1];
  }

  /** Delivers frames in order and waits until all are handled. */
  async deliver(...all: Uint8Array[]): Promise<void> {
    await Promise.all(all.map((frame) => this.trainer.receive(frame)));
  }

  /** Brings the trainer to where leases make sense, and forgets what that took. */
  async join(replica: Replica = truth()): Promise<void> {
    await this.deliver(frames.welcome(), frames.snapshot(replica));
    this.sent.length = 0;
    this.measured.length = 0;
    this.engine.batches.length = 0;
    this.engine.loads = 0;
  }

  /** What was sent of one type. */
  of<T extends WorkerMessage['type']>(type: T): Received<MessageOf<T>>[] {
    const isWanted = (sent: Received<WorkerMessage>): sent is Received<MessageOf<T> & WorkerMessage> =>
      sent.message.type === type;
    return this.sent.filter(isWanted);
  }
}

/** The coordinator's replica after some steps of the bench. */
export function truthAfter(steps: number): Replica {
  const replica = truth();
  for (let version = 0; version < steps; version++) replica.advance(averageOf(version), SCALARS);
  return replica;
}
