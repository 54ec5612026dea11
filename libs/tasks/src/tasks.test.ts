import { describe, expect, it } from 'vitest';
import { taskDefaults, taskNames } from './defaults.ts';
import { builtinTask, builtinTasks } from './tasks.ts';

describe('the built-in tasks', () => {
  it('are those that command lines are told of, with the same numbers', () => {
    const known = builtinTasks.map(
      ({ name, description, optimizer, microBatch, microBatches, minimumMicroBatch, defaultSteps }) => {
        return { name, description, optimizer, microBatch, microBatches, minimumMicroBatch, defaultSteps };
      },
    );
    expect(taskDefaults).toEqual(known);
    expect(taskNames).toEqual(['mnist', 'classic', 'tutorial', 'classifier']);
  });

  it('are found by name', () => {
    for (const name of taskNames) expect(builtinTask(name)?.name).toBe(name);
    expect(builtinTask('minst')).toBeUndefined();
    expect(builtinTask('toString')).toBeUndefined();
  });
});
