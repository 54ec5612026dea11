import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../events.ts';
import { EventStream } from './event-stream.ts';

const saved = (step: number): RunEvent => ({ type: 'saved', step, seconds: 1 });

function harness() {
  const stream = new EventStream({ wallClock: () => 2500 });
  const read: number[] = [];
  return { stream, read, reader: ({ seq }: { seq: number }) => void read.push(seq) };
}

describe('EventStream', () => {
  it('numbers events, says when they were, and goes on behind an earlier start', () => {
    const { stream } = harness();
    const events: unknown[] = [];
    stream.continueAfter(41);
    stream.read((event) => events.push(event));
    stream.publish(saved(1));
    stream.publish(saved(2));
    expect(events).toEqual([
      { type: 'saved', step: 1, seconds: 1, seq: 42, time: 2.5 },
      { type: 'saved', step: 2, seconds: 1, seq: 43, time: 2.5 },
    ]);
    expect(stream.seq).toBe(43);
  });

  it('gives a late reader what is kept from after a number, each event once, and nothing once it has left', () => {
    const { stream, read, reader } = harness();
    for (let step = 1; step <= 5; step++) stream.publish(saved(step));
    const leave = stream.read(reader, 3);
    stream.publish(saved(6));
    leave();
    stream.publish(saved(7));
    expect(read).toEqual([4, 5, 6]);
  });

  it('keeps the newest 1024 and no more', () => {
    const { stream, read, reader } = harness();
    for (let step = 1; step <= 3000; step++) stream.publish(saved(step));
    stream.read(reader, 0);
    expect([read.length, read[0], read.at(-1)]).toEqual([1024, 1977, 3000]);
  });
});
