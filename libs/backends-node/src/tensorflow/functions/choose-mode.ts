/** Whether XLA makes steps faster on a device: measured once, and kept in the cache, since the answer decides bits. */
import type { Trainable } from '@gradcast/network';
import { probeBatch } from '@gradcast/task';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withLock } from '../../native/lock.ts';
import { TYPE } from './raw-ops.ts';
import { StepFunctions } from './device-function.ts';
import type { FunctionMode, RecordedBackend, StepFunctionTask } from './device-function.ts';
import { trialTask } from './trial-task.ts';

/** Steps of each way of which the fastest counts. */
const ROUNDS = 7;
/** XLA must be faster by so much: less is noise, and its first step of a size takes long. */
const WORTHWHILE = 0.9;
/** Relative distance of two gradients of one micro-batch. */
const TOLERANCE = 1e-3;
/** Longest wait for another process that measures. */
const LIMIT_MS = 300_000;

/** What was measured; kept as it is. */
export interface ModeChoice {
  readonly mode: FunctionMode;
  /** Why XLA was not taken, if it was not. */
  readonly reason?: string;
  /** Of one step. */
  readonly ms?: Readonly<Record<FunctionMode, number>>;
}

/**
 * Takes steps in turns.
 *
 * @param run takes one step; the first of a mode compiles, and throws where that fails.
 * @param now milliseconds.
 */
export function fasterMode(run: (mode: FunctionMode) => Float32Array, now: () => number): ModeChoice {
  const modes = ['function', 'function-xla'] as const;
  const expected = run('function');
  let compiled: Float32Array;
  try {
    compiled = run('function-xla');
  } catch (error) {
    return {
      mode: 'function',
      reason: `XLA does not compile: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const apart = distance(compiled, expected);
  if (!(apart < TOLERANCE)) return { mode: 'function', reason: `XLA computes something else, ${apart} apart` };
  const ms = { function: Infinity, 'function-xla': Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    for (const mode of round % 2 === 0 ? modes : modes.toReversed()) {
      const began = now();
      run(mode);
      ms[mode] = Math.min(ms[mode], now() - began);
    }
  }
  if (ms['function-xla'] < WORTHWHILE * ms.function) return { mode: 'function-xla', ms };
  return { mode: 'function', reason: 'XLA is not faster', ms };
}

/** Runs trial steps on the device. */
export function measureMode(recorded: RecordedBackend, width: number): ModeChoice {
  const trial = startTrial(recorded, trialTask(width));
  try {
    return fasterMode(trial.run, () => performance.now());
  } finally {
    trial.dispose();
  }
}

/** @throws Error unless a small step runs as a function. */
export function requireFunctions(recorded: RecordedBackend): void {
  const trial = startTrial(recorded, { ...trialTask(1), microBatch: 2 });
  try {
    if (!trial.run('function').every(Number.isFinite)) throw new Error('a step gives no numbers');
  } finally {
    trial.dispose();
  }
}

function startTrial(recorded: RecordedBackend, task: Trainable & StepFunctionTask) {
  const { binding } = recorded.backend;
  const batch = probeBatch(task, 1);
  const parameters = task.initialParameters(1);
  const into = new Float32Array(task.parameters.length + task.tail.length);
  const fields = task.fields.map(({ name }) => batch.fields[name]);
  const steps = new Map<FunctionMode, StepFunctions>();
  const run = (mode: FunctionMode) => {
    const ids = [binding.createTensor([parameters.length], TYPE.float, parameters)];
    try {
      for (const values of fields) ids.push(binding.createTensor([values.length], TYPE.uint8, values));
      let step = steps.get(mode);
      if (!step) {
        steps.set(mode, (step = new StepFunctions(recorded, task, batch.size, mode)));
      }
      step.run(ids, into);
      return into.slice();
    } finally {
      for (const id of ids) binding.deleteTensor(id);
    }
  };
  return {
    run,
    dispose: () => {
      for (const step of steps.values()) step.dispose();
    },
  };
}

/**
 * What a file says, or else what is measured now, by one process at a time. A process that dies while it measures leaves a mark:
 * XLA is not tried again then.
 *
 * @param path the file; its folder is made.
 */
export async function rememberedMode(path: string, measure: () => ModeChoice): Promise<ModeChoice> {
  const known = await read(path);
  if (known) return known;
  await mkdir(dirname(path), { recursive: true });
  return withLock(`${path}.lock`, { limitMs: LIMIT_MS }, async () => {
    const meanwhile = await read(path);
    if (meanwhile) return meanwhile;
    const mark = `${path}.trying`;
    const died = await access(mark).then(
      () => true,
      () => false,
    );
    if (!died) await writeFile(mark, '');
    const choice: ModeChoice = died ? { mode: 'function', reason: 'a process died while it tried XLA' } : measure();
    await writeFile(`${path}.new`, `${JSON.stringify(choice)}\n`);
    await rename(`${path}.new`, path);
    await rm(mark, { force: true });
    return choice;
  });
}

async function read(path: string): Promise<ModeChoice | undefined> {
  try {
    const choice = JSON.parse(await readFile(path, 'utf8')) as { readonly mode?: unknown };
    const isMode = choice.mode === 'function' || choice.mode === 'function-xla';
    return isMode ? (choice as ModeChoice) : undefined;
  } catch {
    return undefined;
  }
}

function distance(actual: Float32Array, expected: Float32Array): number {
  let [apart, size] = [0, 0];
  for (const [i, value] of expected.entries()) {
    apart += (actual[i] - value) ** 2;
    size += value ** 2;
  }
  return Math.sqrt(apart / size);
}
