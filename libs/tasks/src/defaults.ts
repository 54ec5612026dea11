/** What command lines need to know of the built-in tasks, the default first; nothing that computes is loaded for it. */
import { classifierDefaults } from '@gradcast/classifier';
import { defaultsOf, presets } from '@gradcast/gan';
import type { TaskDefaults } from '@gradcast/task';

export const taskDefaults: readonly TaskDefaults[] = [...Object.values(presets).map(defaultsOf), classifierDefaults];

export const taskNames: readonly string[] = taskDefaults.map(({ name }) => name);

export function defaultsOfTask(name: string): TaskDefaults | undefined {
  return taskDefaults.find((task) => task.name === name);
}
