/**
 * The run's probe: one micro-batch that every worker of a run makes for itself and whose gradient, at the run's initial
 * parameters, identifies the worker's arithmetic.
 */
import { probeBatch } from '@gradcast/task';
import type { GradientEngine, Task } from '@gradcast/task';

export interface ProbeOptions {
  readonly task: Task;
  /** The run's. */
  readonly seed: number;
  /** How often it is computed. */
  readonly turns: number;
  /** Hexadecimal SHA-256. */
  readonly sha256: (bytes: Uint8Array) => Promise<string> | string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface Probe {
  /** Hexadecimal SHA-256 of gradient and tail; undefined if the turns differed, and the engine is of no use. */
  readonly hash: string | undefined;
  /** What the last turn took, in milliseconds: the first one also warms the device up. */
  readonly ms: number;
}

/** Computes the run's probe; the engine holds the run's initial parameters afterwards. */
export async function takeProbe(engine: GradientEngine, options: ProbeOptions): Promise<Probe> {
  const { task, seed, turns, sha256, now } = options;
  engine.load(task.initialParameters(seed));
  const batch = probeBatch(task, seed);
  const hashes = new Set<string>();
  let ms = 0;
  for (let turn = 0; turn < turns; turn++) {
    const vector = new Float32Array(task.parameters.length + task.tail.length);
    const start = now();
    await engine.gradient(batch, vector);
    ms = now() - start;
    hashes.add(await sha256(new Uint8Array(vector.buffer)));
  }
  const [hash] = hashes;
  return { hash: hashes.size === 1 ? hash : undefined, ms };
}
