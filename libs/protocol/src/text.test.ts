import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, isPrintable, LABEL_LIMIT, labelOf, NAME, printable, sentenceOf, workerName } from './text.ts';

/** Any UTF-16 at all, halves of characters included. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3000 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
);

describe('text for the wire', () => {
  it('fits whatever it was made from', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 200 }), (text, limit) => {
        const shown = printable(text, limit);
        expect(shown.length).toBeLessThanOrEqual(limit);
        expect(isPrintable(shown)).toBe(true);
        expect(labelOf(text).length).toBeGreaterThan(0);
        expect(labelOf(text).length).toBeLessThanOrEqual(LABEL_LIMIT);
        expect(workerName(text)).toMatch(NAME);
      }),
    );
  });

  it('stays as it is where it fits', () => {
    for (const text of ['', 'NVIDIA H100 80GB HBM3', 'Größe 3×3 – „ja“', '日本語 🙂']) {
      expect(printable(text, 40)).toBe(text);
    }
    expect(workerName('node-7.rack_2')).toBe('node-7.rack_2');
  });

  it.each([
    ['a terminal’s escape', 'red \u001b[31m', 'red ?[31m'],
    ['the end of a line', 'one\r\ntwo', 'one??two'],
    ['a change of direction', 'a\u202eb', 'a?b'],
    ['half a character', 'a\ud83d', 'a?'],
    ['a C1 control', 'a\u009b2J', 'a?2J'],
  ])('shows a question mark for %s', (_, text, shown) => {
    expect(isPrintable(text)).toBe(false);
    expect(printable(text, 100)).toBe(shown);
  });

  it('is cut at its limit and never inside a character', () => {
    expect(printable('abcdef', 6)).toBe('abcdef');
    expect(printable('abcdefg', 6)).toBe('abcde…');
    expect(printable('abcd🙂efg', 6)).toBe('abcd…');
    expect(sentenceOf('x'.repeat(20_000))).toHaveLength(1000);
  });

  it('has a name for what says nothing', () => {
    expect([labelOf('  '), workerName(''), workerName('---'), workerName('.日本.')]).toEqual([
      'unknown',
      'worker',
      'worker',
      'worker',
    ]);
    expect(workerName(`${'a'.repeat(63)}tail`)).toBe('a'.repeat(63));
  });

  it('takes only codes for codes', () => {
    expect(codeOf('native-load-failed', 'other')).toBe('native-load-failed');
    for (const text of ['ERR_WORKER_OUT_OF_MEMORY', 'a b', '', 'a'.repeat(41), 7, undefined]) {
      expect(codeOf(text, 'other')).toBe('other');
    }
  });
});
