import type { Trainable } from '@gradcast/network';
import type { TaskIdentity } from '@gradcast/task';
import { builtinTask } from '@gradcast/tasks';
import { OwnTaskError } from './errors.ts';
import { loadOwnTask } from './load.ts';

/**
 * The task that a run trains.
 *
 * @param file the user's task file, or null if there is none.
 * @returns undefined if it is no built-in task, or there is no file.
 * @throws OwnTaskError for a file that cannot be used; `task-differs` if it is not the run's.
 */
export function findTask(identity: TaskIdentity, file: string | null): Trainable | undefined {
  const { preset, task: wanted } = identity;
  if (wanted === null) return builtinTask(identity);
  if (file === null) return undefined;
  const { task, sha256 } = loadOwnTask(file);
  if (sha256 === wanted && task.name === preset) return task;
  const here = `${file} defines ${task.name} (SHA-256 ${sha256.slice(0, 12)}…)`;
  throw new OwnTaskError('task-differs', `the run trains ${preset} (SHA-256 ${wanted.slice(0, 12)}…), but ${here}`);
}

/**
 * The task that a new run is to train, with what its definition says of it; the file is read once.
 *
 * @param file the user's task file, or null for a built-in task.
 * @throws OwnTaskError for a file that cannot be used; `task-differs` if it defines another task than `preset`.
 */
export function chosenTask(preset: string, file: string | null): { task: Trainable; identity: TaskIdentity } {
  if (file === null) {
    const identity = { preset, task: null };
    return { task: builtinTask(identity)!, identity };
  }
  const { task, sha256 } = loadOwnTask(file);
  if (task.name === preset) return { task, identity: { preset, task: sha256 } };
  throw new OwnTaskError('task-differs', `the run was to train ${preset}, but ${file} defines ${task.name} now`);
}
