import { describe, expect, it } from 'vitest';
import { counted, listed, percent, rate, short, size, time } from './format.ts';

describe('numbers', () => {
  it('are as long as they have to be', () => {
    expect([0, 0.00012, 0.6789, 12.345, 1234.5, NaN].map(short)).toEqual([
      '0',
      '1.2e-4',
      '0.679',
      '12.3',
      '1,235',
      '–',
    ]);
    expect([rate(3.14159), rate(812.4)]).toEqual(['3.1', '812']);
    expect([percent(0), percent(0.034), percent(0.5), percent(1)]).toEqual(['0 %', '3.4 %', '50 %', '100 %']);
    expect([size(12), size(4500), size(3.2e7), size(2e9)]).toEqual(['12 B', '5 kB', '32.0 MB', '2.0 GB']);
  });

  it('of time have one unit or two', () => {
    expect([3, 59.6, 240, 7200, 7500, 273_600].map(time)).toEqual([
      '3 s',
      '1 min',
      '4 min',
      '2 h',
      '2 h 5 min',
      '3 d 4 h',
    ]);
  });

  it('of things have their names', () => {
    expect([counted(1, 'worker'), counted(0, 'worker')]).toEqual(['one worker', '0 workers']);
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c', 'd'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and 2 more',
    ]);
  });
});
