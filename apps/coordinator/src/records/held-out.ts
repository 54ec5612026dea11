/**
 * Scalars of real samples (of a GAN, D(x)) over training images and over test images, which no step has seen: where they drift
 * apart, the model learns its samples by heart. Micro-batches of both have the same noise.
 */
import type { HeldOut } from '@gradcast/config';
import { loadDataset, MicroBatches } from '@gradcast/dataset';
import { shownScalars } from '@gradcast/task';
import type { GradientEngine, MicroBatch, Task } from '@gradcast/task';

/** Of either split; a mean of so many samples is known to some hundredths. */
const SAMPLES = 1024;

interface Splits {
  readonly training: readonly MicroBatch[];
  readonly test: readonly MicroBatch[];
}

export class HeldOutScalars {
  readonly #task: Task;
  readonly #splits: Splits | undefined;

  private constructor(task: Task, splits?: Splits) {
    this.#task = task;
    this.#splits = splits;
  }

  /** Reads the first samples of a seeded order of both splits, if the task has such scalars. @throws DatasetError. */
  static async open(task: Task, directory: string | undefined): Promise<HeldOutScalars> {
    if (!task.scalars.some(({ ofReal }) => ofReal)) return new HeldOutScalars(task);
    const training = await microBatches(task, directory, 'train');
    return new HeldOutScalars(task, { training, test: await microBatches(task, directory, 'test') });
  }

  /** Their means with the parameters that the engine holds. */
  async of(engine: GradientEngine): Promise<Readonly<Record<string, HeldOut>>> {
    if (!this.#splits) return {};
    const training = await this.#means(engine, this.#splits.training);
    const test = await this.#means(engine, this.#splits.test);
    return Object.fromEntries([...training].map(([name, mean]) => [name, { training: mean, test: test.get(name)! }]));
  }

  async #means(engine: GradientEngine, batches: readonly MicroBatch[]): Promise<Map<string, number>> {
    const { parameters, tail, scalars } = this.#task;
    const gradient = new Float32Array(parameters.length + tail.length);
    const means = new Map<string, number>();
    for (const batch of batches) {
      await engine.gradient(batch, gradient);
      for (const { name, value } of shownScalars(this.#task, gradient.subarray(parameters.length))) {
        if (!scalars.some((scalar) => scalar.name === name && scalar.ofReal)) continue;
        means.set(name, (means.get(name) ?? 0) + value / batches.length);
      }
    }
    return means;
  }
}

async function microBatches(task: Task, directory: string | undefined, split: 'train' | 'test'): Promise<MicroBatch[]> {
  const { fields, microBatch: size } = task;
  const dataset = await loadDataset({ directory, split });
  try {
    const shape = { microBatchSize: size, microBatches: 1 };
    const cutter = new MicroBatches({ dataset, fields, shape, seed: 0 });
    const count = Math.ceil(Math.min(SAMPLES, dataset.count) / size);
    return Array.from({ length: count }, (_, step) => ({ size, fields: cutter.cut(step, { first: 0, count: 1 }) }));
  } finally {
    await dataset.close();
  }
}
