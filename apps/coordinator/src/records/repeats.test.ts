import { describe, expect, it } from 'vitest';
import { Repeats } from './repeats.ts';

function harness() {
  const clock = { now: 0 };
  return { clock, repeats: new Repeats(() => clock.now, 'more workers are refused') };
}

describe('Repeats', () => {
  it('says once what repeats itself, and again after ten minutes', () => {
    const { clock, repeats } = harness();
    expect(repeats.worded('a was refused')).toBe('a was refused');
    for (let at = 1000; at < 600_000; at += 7000) {
      clock.now = at;
      expect(repeats.worded('a was refused')).toBeUndefined();
    }
    expect(repeats.worded('b was refused')).toBe('b was refused');
    clock.now = 600_000;
    expect(repeats.worded('a was refused')).toBe('a was refused');
  });

  it('says no more than 21 lines in a minute, whatever names are thought of', () => {
    const { clock, repeats } = harness();
    const said = (from: number) =>
      Array.from({ length: 500 }, (_, i) => repeats.worded(`${from + i} was refused`)).filter((line) => line);
    const first = said(0);
    expect(first).toHaveLength(21);
    expect(first.at(-1)).toBe('more workers are refused; the log has more of them');
    clock.now = 59_999;
    expect(said(1000)).toEqual([]);
    clock.now = 60_000;
    expect(said(2000)).toHaveLength(21);
  });
});
