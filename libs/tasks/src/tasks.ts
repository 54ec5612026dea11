import { classifierTask } from '@gradcast/classifier';
import { ganTask, presets } from '@gradcast/gan';
import type { Trainable } from '@gradcast/network';
import type { TaskIdentity } from '@gradcast/task';

/** The tasks that come with Gradcast, the default first. */
export const builtinTasks: readonly Trainable[] = [...Object.values(presets).map(ganTask), classifierTask()];

/** The built-in task that a run's definition names; undefined if it names none. */
export function builtinTask({ preset, task }: TaskIdentity): Trainable | undefined {
  return task === null ? builtinTasks.find(({ name }) => name === preset) : undefined;
}
