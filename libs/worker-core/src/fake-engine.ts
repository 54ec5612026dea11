/** An engine whose gradients a test can compute for itself: linear in parameters, images and noise. */
import { copiedBatch } from '@gradcast/task';
import type { GradientEngine, MicroBatch, SubtreeLeaves, SubtreeOutcome, Task } from '@gradcast/task';
import { referenceKernels } from '@gradcast/vector';

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
    const count = this.begin(batch);
    // Real devices take one call at a time.
    if (this.#busy) throw new Error('a gradient was asked of an engine that is busy');
    this.#busy = true;
    await Promise.resolve();
    this.#busy = false;
    into.set(this.finish(batch, count));
  }

  /** @returns how many micro-batches it was given so far. */
  protected begin(batch: MicroBatch): number {
    return this.batches.push(copiedBatch(batch));
  }

  protected finish(batch: MicroBatch, count: number): Float32Array {
    this.during(count);
    if (this.disposed) throw new Error('a gradient was asked of an engine that is gone');
    const vector = linearGradient(this.task, this.#parameters, batch);
    vector[0] += this.error(count);
    return vector;
  }

  infer(): Promise<Uint8Array> {
    return Promise.reject(new Error('a trainer draws no images'));
  }

  dispose(): void {
    this.disposed = true;
  }
}

/** One that adds leaves by itself: while it computes one it takes the next. */
export class FakeAddingEngine extends FakeEngine {
  /** Leaves of each subtree it was asked for. */
  readonly subtrees: number[] = [];
  /** When it leaves the adding to its caller: before it has computed anything, or after all of a subtree. */
  refuses: 'never' | 'first' | 'last' = 'never';

  async subtree(leaves: SubtreeLeaves, into: Float32Array): Promise<SubtreeOutcome> {
    this.subtrees.push(leaves.count);
    if (this.refuses === 'first') return 'singly';
    const vectors: Float32Array[] = [];
    let computes: (() => void) | undefined;
    for (let leaf = 0; leaf < leaves.count; leaf++) {
      if (!leaves.ahead) computes?.();
      const wasAhead = leaves.ahead;
      const batch = await leaves.next(leaf);
      if (!batch) return 'stopped';
      const count = this.begin(batch);
      if (wasAhead) computes?.();
      computes = () => {
        vectors.push(this.finish(batch, count));
        leaves.computed(leaf);
      };
    }
    computes?.();
    into.set(sumOfHalves(vectors));
    // What is refused now was written for nothing.
    return this.refuses === 'last' ? 'singly' : 'summed';
  }
}

function sumOfHalves(vectors: readonly Float32Array[]): Float32Array {
  if (vectors.length === 1) return vectors[0].slice();
  const left = sumOfHalves(vectors.slice(0, vectors.length / 2));
  referenceKernels.add(left, sumOfHalves(vectors.slice(vectors.length / 2)));
  return left;
}
