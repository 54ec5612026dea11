import type { LoggedEvent } from '@gradcast/watching';
import { describe, expect, it } from 'vitest';
import { RunTime, RunTimes } from './run-time.ts';

const start = (time: number): LoggedEvent => ({ type: 'state', seq: 1, time, from: 'setting-up', to: 'running' });
const closed = (step: number, time: number, seconds = 0.5): LoggedEvent => ({
  type: 'step-closed',
  seq: 1,
  time,
  step,
  seconds,
});

function timeOf(events: readonly LoggedEvent[]): RunTime {
  const time = new RunTime();
  for (const event of events) time.add(event);
  return time;
}

describe('the time of a run', () => {
  it('leaves out breaks between a stop and a resume', () => {
    const events = [
      start(100),
      closed(1, 101),
      closed(2, 102),
      start(1002),
      closed(2, 1003),
      closed(3, 1004),
      start(9004),
    ];
    const time = timeOf(events);
    expect(time.began).toBe(100);
    expect(time.seconds).toBe(4);
    expect(time.breaks).toEqual([
      { at: 2, seconds: 900 },
      { at: 4, seconds: 8000 },
    ]);
    // A step that was done again closed the second time.
    expect(time.stepEnd(2)).toEqual({ end: 3, seconds: 0.5 });
    const times = new RunTimes(time);
    expect(events.map((event) => times.of(event))).toEqual([0, 1, 2, 2, 3, 4, 4]);
  });

  it('finds every break again, whatever fractions of seconds there are', () => {
    const events = Array.from({ length: 600 }, (_, i) => [
      start(1.7e9 + 1000.1 * i),
      closed(i + 1, 1.7e9 + 1000.1 * i + 0.3),
    ]).flat();
    const time = timeOf(events.slice(0, 400));
    const times = new RunTimes(time);
    const last = events
      .slice(0, 400)
      .map((event) => times.of(event))
      .at(-1)!;
    expect(last).toBeCloseTo(200 * 0.3, 3);
    expect(time.seconds).toBe(last);
    // Of very many breaks the last take room.
    expect(timeOf(events).breaks).toHaveLength(256);
  });

  it('never goes back, whatever a clock does', () => {
    const events = [start(100), closed(1, 105), closed(2, 50), closed(3, 106)];
    const time = timeOf(events);
    expect(time.seconds).toBe(6);
    const times = new RunTimes(time);
    expect(events.map((event) => times.of(event))).toEqual([0, 5, 5, 6]);
  });

  it('knows steps of a long run to within their neighbours, and takes no notice of what is no step', () => {
    const time = new RunTime();
    time.add(start(0));
    const steps = 200_000;
    for (let step = 1; step <= steps; step++) time.add(closed(step, step, 2));
    for (const step of [1, 77_777, steps]) {
      const found = time.stepEnd(step)!;
      expect(Math.abs(found.end - step)).toBeLessThan(steps / 2 ** 14);
      expect(found.seconds).toBe(2);
    }
    time.add({ type: 'step-closed', seq: 1, time: steps, step: -1 });
    time.add({ type: 'step-closed', seq: 1, time: steps, step: 'x', seconds: NaN });
    expect(time.stepEnd(-1)).toBeUndefined();
    expect(time.stepEnd(2 * steps)).toBeUndefined();
  });

  it('is nothing without events', () => {
    expect(new RunTime().seconds).toBe(0);
    expect(new RunTime().began).toBeUndefined();
  });
});
