import { describe, expect, it } from 'vitest';
import { STAGES, StageTimer, Throughput } from './records.ts';

function throughputOf(steps: readonly (readonly [seconds: number, images: number])[]): Throughput {
  let now = 0;
  const throughput = new Throughput(() => now);
  for (const [seconds, images] of steps) {
    now = seconds * 1000;
    throughput.closed(images);
  }
  return throughput;
}

describe('Throughput', () => {
  it('says nothing before there are two steps', () => {
    for (const throughput of [throughputOf([]), throughputOf([[3, 128]])]) {
      expect([throughput.overall, throughput.recent]).toEqual([0, 0]);
      expect(throughput.measured).toEqual({ seconds: 0, images: 0 });
    }
  });

  it('has a speed from the first step on, without what was waited before it', () => {
    const throughput = new Throughput(() => 60_000);
    throughput.closed(128, 500);
    expect(throughput.recent).toBe(256);
    expect(throughput.overall).toBe(0);
  });

  it('leaves out the first step, which includes start-up', () => {
    const throughput = throughputOf([
      [60, 128],
      [61, 128],
      [62, 128],
    ]);
    expect(throughput.measured).toEqual({ seconds: 2, images: 256 });
    expect([throughput.overall, throughput.recent]).toEqual([128, 128]);
  });

  it('forgets what lies further back than five seconds in the recent rate', () => {
    const slow = Array.from({ length: 10 }, (_, i) => [10 * i, 100] as const);
    const fast = Array.from({ length: 12 }, (_, i) => [91 + i, 100] as const);
    const throughput = throughputOf([...slow, ...fast]);
    expect(throughput.recent).toBe(100);
    expect(throughput.overall).toBeCloseTo((100 * 21) / 102, 6);
  });

  it('still tells a rate when a step takes longer than the window', () => {
    const throughput = throughputOf([
      [0, 100],
      [60, 100],
      [120, 100],
    ]);
    expect(throughput.recent).toBeCloseTo(100 / 60, 6);
  });

  it('is 0, not infinite, for steps at one instant', () => {
    const throughput = throughputOf([
      [1, 100],
      [1, 100],
    ]);
    expect([throughput.recent, throughput.overall]).toEqual([0, 0]);
  });
});

describe('StageTimer', () => {
  it('cuts a round into stages that add up to the whole', () => {
    let now = 0;
    const timer = new StageTimer(() => (now += 7));
    for (const stage of STAGES) timer.mark(stage);
    const { totalMs, stages } = timer.done();
    expect(stages).toEqual({ lease: 7, gather: 7, reduce: 7, broadcast: 7, optimizer: 7 });
    expect(totalMs).toBe(7 * STAGES.length);
  });

  it('knows when a stage ended, and if there was none, when the last before it did', () => {
    let now = 0;
    const timer = new StageTimer(() => (now += 7));
    expect(timer.endOf('gather')).toBe(7);
    timer.mark('lease');
    timer.mark('reduce');
    expect((['lease', 'gather', 'reduce', 'optimizer'] as const).map((stage) => timer.endOf(stage))).toEqual([
      14, 14, 21, 21,
    ]);
  });
});
