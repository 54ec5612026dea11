import { describe, expect, it } from 'vitest';
import { Tally } from './figures.ts';

function tallyAt(start = 0) {
  const clock = { now: start };
  return { clock, tally: new Tally(() => clock.now) };
}

describe('a tally', () => {
  it('knows nothing at first', () => {
    const { tally } = tallyAt();
    expect(tally.figures).toEqual({
      imagesPerSecond: 0,
      leavesComputed: 0,
      leavesUsed: null,
      leavesChecked: null,
      bytesReceived: 0,
      bytesSent: 0,
    });
    expect(tally.idleMs).toBe(Infinity);
  });

  it('takes the speed since work began, and of the last 30 s later', () => {
    const { clock, tally } = tallyAt(500);
    for (let leaf = 0; leaf < 4; leaf++) {
      clock.now += 500;
      tally.measured(500, 32);
    }
    expect(tally.figures.imagesPerSecond).toBeCloseTo(64, 6);
    clock.now += 60_000;
    expect(tally.figures.imagesPerSecond).toBe(0);
    clock.now += 1;
    tally.measured(500, 30);
    expect(tally.figures).toMatchObject({ imagesPerSecond: 1, leavesComputed: 5 });
  });

  it('begins anew after a rest, and counts on', () => {
    const { clock, tally } = tallyAt();
    clock.now = 1000;
    tally.measured(1000, 32);
    tally.rest();
    expect([tally.idleMs, tally.figures.imagesPerSecond]).toEqual([Infinity, 0]);
    clock.now = 100_000;
    tally.measured(1000, 32);
    clock.now = 101_000;
    expect(tally.figures).toMatchObject({ imagesPerSecond: 16, leavesComputed: 2 });
    expect(tally.idleMs).toBe(1000);
  });

  it('counts a leaf once that was computed twice', () => {
    const { clock, tally } = tallyAt();
    clock.now = 1000;
    tally.measured(1000, 32);
    clock.now = 2000;
    tally.measured(1000, 0);
    expect(tally.figures).toMatchObject({ imagesPerSecond: 16, leavesComputed: 1 });
  });

  it('adds up what its sessions are told of their leaves', () => {
    const { tally } = tallyAt();
    tally.used('a', { leavesUsed: 3, leavesChecked: 2 });
    tally.used('b', { leavesUsed: 1, leavesChecked: 1 });
    tally.used('a', { leavesUsed: 5, leavesChecked: 4 });
    expect(tally.figures).toMatchObject({ leavesUsed: 6, leavesChecked: 5 });
  });

  it('counts bytes both ways', () => {
    const { tally } = tallyAt();
    tally.moved('received', 10);
    tally.moved('sent', 3);
    tally.moved('received', 5);
    expect(tally.figures).toMatchObject({ bytesReceived: 15, bytesSent: 3 });
  });
});
