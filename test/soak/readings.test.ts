import { describe, expect, it } from 'vitest';
import { growthOf, held, leaks, told } from './readings.ts';
import type { Reading } from './readings.ts';

/** An hour, a reading each ten seconds. */
function anHour(megabytes: (at: number) => number): Reading[] {
  return Array.from({ length: 360 }, (_, index) => ({ at: index * 10, megabytes: megabytes(index * 10) }));
}

describe('what a process holds', () => {
  it('is read from the system and from its metrics page', () => {
    const { megabytes, descriptors } = held(process.pid);
    if (process.platform === 'linux') {
      expect(megabytes).toBeGreaterThan(10);
      expect(descriptors).toBeGreaterThan(2);
    }
    expect(held(2 ** 22 + 1)).toEqual({});
    const page = 'nodejs_active_resources{type="Timeout"} 7\nnodejs_heap_size_used_bytes 52428800\n';
    expect(told(page)).toEqual({ timers: 7, heapMegabytes: 50 });
    expect(told('')).toEqual({ timers: 0, heapMegabytes: undefined });
  });
});

describe('growth', () => {
  it('tells a leak of 60 MB an hour from a cache that fills in the first minutes', () => {
    const leak = growthOf(
      anHour((at) => 200 + at / 60),
      'megabytes',
    )!;
    expect(leak.slope).toBeCloseTo(60);
    expect(leaks(leak)).toBe(true);
    const cache = growthOf(
      anHour((at) => 300 - 100 * Math.exp(-at / 60)),
      'megabytes',
    )!;
    expect(Math.abs(cache.slope)).toBeLessThan(1);
    expect(leaks(cache)).toBe(false);
  });

  it('is not fooled by peaks that go away', () => {
    const peaks = growthOf(
      anHour((at) => (Math.floor(at / 10) % 3 === 0 ? 200 + at / 10 : 200)),
      'megabytes',
    )!;
    expect(peaks.most).toBeGreaterThan(500);
    expect(leaks(peaks)).toBe(false);
  });

  it('says nothing of a quantity that was hardly read', () => {
    expect(
      growthOf(
        anHour(() => 1),
        'timers',
      ),
    ).toBeUndefined();
    expect(growthOf([{ at: 0, megabytes: 1 }], 'megabytes')).toBeUndefined();
  });
});
