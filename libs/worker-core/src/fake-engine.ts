/** An engine whose gradients a test can compute for itself: linear in parameters, images and noise. */
import type { GradientEngine, MicroBatch, Task } from '@gradcast/task';

/** What {@link FakeEngine} gives for a micro-batch; every element depends on all of it, and sums of it must be rounded. */
export function linearGradient(task: Task, parameters: Float32Array, batch: MicroBatch): Float32Array {
  const vector = new Float32Array(task.parameters.length + task.tail.length);
  const pixels = [...batch.fields.images].reduce((sum, pixel, i) => sum + pixel * ((i % 7) + 1), 0) / 1013;
  const noise = [...batch.fields.noise].reduce((sum, value, i) => sum + value * ((i % 3) + 1), 0);
  for (let i = 0; i < vector.length; i++) {
    vector[i] = (parameters[i % parameters.length] + 0.1) * pixels + noise * (i + 1);
  }
  return vector;
}

export class FakeEngine implements GradientEngine {
  readonly task: Task;
  /** Every micro-batch it was given, copied. */
  readonly batches: MicroBatch[] = [];
  loads = 0;
  /** Sizes that it was made ready for. */
  readonly prepared: number[] = [];
  /** What it says that it chose. */
  choices: string | undefined;
  /** Runs while it is made ready. */
  whilePrepared: () => void = () => undefined;
  disposed = false;
  /** Runs inside each gradient, before its result is written. */
  during: (gradients: number) => void = () => undefined;
  /** Added to each gradient's first element. */
  error: (gradients: number) => number = () => 0;
  #parameters = new Float32Array(0);
  #busy = false;

  constructor(task: Task) {
    this.task = task;
  }

  async prepare(samples: number): Promise<string | undefined> {
    this.prepared.push(samples);
    await Promise.resolve();
    this.whilePrepared();
    return this.choices;
  }

  load(parameters: Float32Array): void {
    this.loads += 1;
    this.#parameters = parameters.slice();
  }

  async gradient(batch: MicroBatch, into: Float32Array): Promise<void> {
    const copies = Object.entries(batch.fields).map(([name, values]) => [name, values.slice()]);
    this.batches.push({ ...batch, fields: Object.fromEntries(copies) as MicroBatch['fields'] });
    const count = this.batches.length;
    // Real devices take one call at a time.
    if (this.#busy) throw new Error('a gradient was asked of an engine that is busy');
    this.#busy = true;
    await Promise.resolve();
    this.#busy = false;
    this.during(count);
    if (this.disposed) throw new Error('a gradient was asked of an engine that is gone');
    into.set(linearGradient(this.task, this.#parameters, batch));
    into[0] += this.error(count);
  }

  infer(): Promise<Uint8Array> {
    return Promise.reject(new Error('a trainer draws no images'));
  }

  dispose(): void {
    this.disposed = true;
  }
}
