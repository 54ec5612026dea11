import type { Trainable } from '@gradcast/network';
import { builtinTask } from '@gradcast/tasks';
import { OwnTaskError } from './errors.ts';
import { loadOwnTask } from './load.ts';

/** What a run's definition says of its task. */
export interface TaskIdentity {
  /** Name of the task. */
  readonly preset: string;
  /** Digest of the task's files; null for a built-in one. */
  readonly task: string | null;
}

/**
 * The task that a run trains.
 *
 * @param file the user's task file, or null if there is none.
 * @returns undefined if it is no built-in task and there is no file.
 * @throws OwnTaskError for a file that cannot be used; `task-differs` if it is not the run's.
 */
export function findTask({ preset, task: wanted }: TaskIdentity, file: string | null): Trainable | undefined {
  if (wanted === null) return builtinTask(preset);
  if (file === null) return undefined;
  const { task, sha256 } = loadOwnTask(file);
  if (sha256 === wanted && task.name === preset) return task;
  const here = `${file} defines ${task.name} (SHA-256 ${sha256.slice(0, 12)}…)`;
  throw new OwnTaskError('task-differs', `the run trains ${preset} (SHA-256 ${wanted.slice(0, 12)}…), but ${here}`);
}
