import { describe, expect, it } from 'vitest';
import { formatRunId, runIdSeconds } from './run-id.ts';

describe('a run id', () => {
  it.each(['mnist', 'my-task', 'a-b-1'])('of task %s has its start', (task) => {
    const id = formatRunId(1_795_000_000, task, 0.5);
    expect(id).toBe(`20261118-110640-${task}-8000`);
    expect(runIdSeconds(id)).toBe(1_795_000_000);
  });

  it.each(['', 'runs', '20261118-110640-mnist', '20261118-110640--8000', '20261118-110640-a--b-8000', '../x'])(
    '%j is none',
    (id) => {
      expect(runIdSeconds(id)).toBeUndefined();
    },
  );
});
