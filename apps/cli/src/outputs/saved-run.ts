/** For tests: a run's folder with one checkpoint, whose weights are all 1 and whose average, if any, is all 2. */
import { join } from 'node:path';
import { Checkpoints } from '@gradcast/checkpoint';
import { EXAMPLE } from '@gradcast/definition/example';
import { nameTensors, optimizerOf, stateScalars } from '@gradcast/optimizer';
import type { Task } from '@gradcast/task';

export interface SavedRun {
  /** As the checkpoint's configuration names it. */
  readonly preset: string;
  readonly step?: number;
  /** In place of ones. */
  readonly parameters?: Float32Array;
}

/** @returns the checkpoint's path. */
export async function saveTrained(
  run: string,
  task: Task,
  { preset, step = 5, parameters }: SavedRun,
): Promise<string> {
  const { length } = task.parameters;
  const filled = (value: number, size = length) => new Float32Array(size).fill(value);
  const { average } = task;
  const vectors = {
    parameters: parameters ?? filled(1),
    slots: optimizerOf(task.optimizer).slots.map(() => filled(0)),
    ema: average
      ? (parameters?.slice(average.group.from, average.group.to) ?? filled(2, average.group.to - average.group.from))
      : filled(0, 0),
    running: filled(0, task.running.length),
    scalars: new Float64Array(stateScalars(optimizerOf(task.optimizer)).length),
  };
  const { path } = await new Checkpoints(join(run, 'checkpoints')).save({
    info: {
      step,
      config: { ...EXAMPLE, preset },
      manifest: {},
      profile: {},
      incarnation: 1,
      ledger: { length: step, head: '' },
    },
    tensors: nameTensors(task, vectors),
  });
  return path;
}
