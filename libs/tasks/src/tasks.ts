import { classifierTask } from '@gradcast/classifier';
import { ganTask, presets } from '@gradcast/gan';
import type { Trainable } from '@gradcast/network';

/** The tasks that come with Gradcast, the default first. */
export const builtinTasks: readonly Trainable[] = [...Object.values(presets).map(ganTask), classifierTask()];

/** The task that `--preset` calls so; undefined if none comes by that name. */
export function builtinTask(name: string): Trainable | undefined {
  return builtinTasks.find((task) => task.name === name);
}
