import { describe, expect, it } from 'vitest';
import { taskDefaults, taskNames } from './defaults.ts';
import { builtinTask, builtinTasks } from './tasks.ts';

describe('the built-in tasks', () => {
  it('are those that command lines are told of, with the same numbers', () => {
    const known = builtinTasks.map(
      ({ name, description, optimizer, microBatch, microBatches, minimumMicroBatch, defaultSteps, recipe }) => {
        return { name, description, optimizer, microBatch, microBatches, minimumMicroBatch, defaultSteps, recipe };
      },
    );
    expect(taskDefaults).toEqual(known);
    expect(taskNames).toEqual(['mnist', 'conditional', 'dcgan', 'classic', 'tutorial', 'classifier']);
  });

  it('are found by name', () => {
    for (const preset of taskNames) {
      expect(builtinTask({ preset, task: null })?.name).toBe(preset);
      expect(builtinTask({ preset, task: 'ab'.repeat(32) })).toBeUndefined();
    }
    for (const preset of ['minst', 'toString']) expect(builtinTask({ preset, task: null })).toBeUndefined();
  });
});
