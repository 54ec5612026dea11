import type { GpuLoad } from '@gradcast/metrics';
import { describe, expect, it } from 'vitest';
import { watchGpus } from './gpu-watch.ts';

const load = (index: number): GpuLoad => ({ index, utilization: 0.5, usedBytes: 1, sizeBytes: 2 });

/** A watch whose driver answers, and whose clock goes on, when the test says so. */
function harness(only?: number) {
  const questions: ((loads: readonly GpuLoad[] | undefined) => void)[] = [];
  const timers = new Set<() => void>();
  const shown: number[][] = [];
  const end = watchGpus({
    ask: () => new Promise((answer) => questions.push(answer)),
    show: (loads) => shown.push(loads.map(({ index }) => index)),
    only,
    after: (_ms, callback) => {
      timers.add(callback);
      return () => void timers.delete(callback);
    },
  });
  const answer = async (loads: readonly GpuLoad[] | undefined) => {
    questions.at(-1)!(loads);
    await Promise.resolve();
    await Promise.resolve();
  };
  const pass = () => {
    for (const callback of [...timers]) {
      timers.delete(callback);
      callback();
    }
  };
  return { questions, timers, shown, end, answer, pass };
}

describe('watchGpus', () => {
  it('asks one question at a time, and shows the worker’s own GPU', async () => {
    const { questions, shown, answer, pass } = harness(1);
    pass();
    expect(questions).toHaveLength(1);
    await answer([load(0), load(1)]);
    expect(shown).toEqual([[1]]);
    pass();
    pass();
    expect(questions).toHaveLength(2);
    await answer([]);
    expect(shown).toEqual([[1], []]);
  });

  it('shows all where a worker has none of its own', async () => {
    const { shown, answer } = harness();
    await answer([load(0), load(1)]);
    expect(shown).toEqual([[0, 1]]);
  });

  it('asks no more where there is no driver', async () => {
    const { questions, timers, shown, answer, pass } = harness();
    await answer(undefined);
    pass();
    expect([questions.length, timers.size, shown]).toEqual([1, 0, []]);
  });

  it('is over when it is told, also while the driver thinks', async () => {
    const asked = harness();
    asked.end();
    await asked.answer([load(0)]);
    expect([asked.timers.size, asked.shown]).toEqual([0, []]);
    const waiting = harness();
    await waiting.answer([load(0)]);
    waiting.end();
    expect(waiting.timers.size).toBe(0);
  });
});
