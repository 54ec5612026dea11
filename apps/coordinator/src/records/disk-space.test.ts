import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { DiskSpace } from './disk-space.ts';
import type { Space } from './disk-space.ts';

/** Lets what was answered be heard. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function harness() {
  const clock = { now: 0 };
  const questions: { answer: (space: Space) => void; fail: (error: Error) => void }[] = [];
  const measured: number[] = [];
  const disk = new DiskSpace({
    path: '/runs',
    now: () => clock.now,
    onMeasured: ({ freeBytes }) => measured.push(freeBytes),
    ask: () => new Promise((answer, fail) => questions.push({ answer, fail })),
  });
  return { clock, questions, measured, disk };
}

describe('DiskSpace', () => {
  it('asks now and then, one question at a time', async () => {
    const { clock, questions, measured, disk } = harness();
    disk.tick();
    clock.now = 60_000;
    disk.tick();
    expect(questions).toHaveLength(1);
    questions[0].answer({ freeBytes: 5, sizeBytes: 9 });
    await settled();
    disk.tick();
    disk.tick();
    expect(questions).toHaveLength(2);
    expect(measured).toEqual([5]);
  });

  it('asks again after a failure', async () => {
    const { clock, questions, measured, disk } = harness();
    disk.tick();
    questions[0].fail(new Error('ENOENT'));
    await settled();
    disk.tick();
    expect(questions).toHaveLength(1);
    clock.now = 15_000;
    disk.tick();
    questions[1].answer({ freeBytes: 7, sizeBytes: 9 });
    await settled();
    expect(measured).toEqual([7]);
  });

  it('reads a real file system', async () => {
    const { freeBytes, sizeBytes } = await new Promise<Space>((onMeasured) => {
      new DiskSpace({ path: tmpdir(), now: () => 0, onMeasured }).tick();
    });
    expect(sizeBytes).toBeGreaterThan(0);
    expect(freeBytes).toBeLessThanOrEqual(sizeBytes);
  });
});
