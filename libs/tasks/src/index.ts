/** The tasks that come with Gradcast, by the names that `--preset` takes, the default first. */
import { ganTask, presets } from '@gradcast/gan';
import type { Trainable } from '@gradcast/network';

export const builtinTasks: readonly Trainable[] = Object.values(presets).map(ganTask);
const byName = new Map(builtinTasks.map((task) => [task.name, task]));

export const builtinTaskNames: readonly string[] = builtinTasks.map(({ name }) => name);

/** The task of a name; undefined if none comes by it. */
export function builtinTask(name: string): Trainable | undefined {
  return byName.get(name);
}
