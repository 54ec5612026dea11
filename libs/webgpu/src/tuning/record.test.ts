import { PLAN_VERSION, tileNames } from '@gradcast/plan';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecord, recordSummary, writeRecord } from './record.ts';
import type { Tuned } from './record.ts';

const facts = { device: 'gpu:nvidia-h200', features: 'subgroups driver=NVIDIA: 580.1' };
const entry = fc.record({ tile: fc.constantFrom(...tileNames), timed: fc.boolean(), at: fc.nat() });
const tables = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z ][a-z0-9 ]{0,30}$/), entry), {
  selector: ([key]) => key,
  maxLength: 20,
});
const table = new Map<string, Tuned>([
  ['a', { tile: '64x64w', timed: true, at: 1 }],
  ['b', { tile: '64x64w', timed: true, at: 2 }],
  ['c', { tile: '32x32', timed: true, at: 3 }],
  ['d', { tile: '128x64', timed: false, at: 3 }],
]);

describe('a record', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(tables, (entries) => {
        const written = new Map(entries);
        expect(readRecord(facts, writeRecord(facts, written))).toEqual(written);
      }),
    );
  });

  it('of another version, another driver or another card is none', () => {
    const text = writeRecord(facts, table);
    expect(readRecord({ ...facts, features: 'driver=NVIDIA: 580.2' }, text).size).toBe(0);
    expect(readRecord({ ...facts, device: 'gpu:other' }, text).size).toBe(0);
    const other = text.replace(`"plan": ${PLAN_VERSION}`, `"plan": ${PLAN_VERSION + 1}`);
    expect(other).not.toBe(text);
    expect(readRecord(facts, other).size).toBe(0);
    expect(readRecord(facts, undefined).size).toBe(0);
  });

  it('that is damaged is none, whatever it holds, and so are entries of it', () => {
    const text = writeRecord(facts, table);
    for (const damaged of [text.slice(0, -3), '', 'null', '[]', '"x"', text.replace('{', '[')]) {
      expect(readRecord(facts, damaged).size).toBe(0);
    }
    fc.assert(
      fc.property(fc.json(), (json) => {
        const wrapped = `{"plan":${PLAN_VERSION},"device":"gpu:x","features":"","products":{"a":${json}}}`;
        expect(readRecord({ device: 'gpu:x', features: '' }, wrapped).size).toBe(0);
      }),
    );
    expect([...readRecord(facts, text.replace('"32x32"', '"31x31"')).keys()].sort()).toEqual(['a', 'b', 'd']);
    expect(readRecord(facts, `${text}${' '.repeat(1_000_000)}`).size).toBe(0);
  });

  it('is bounded: the oldest go', () => {
    const many = new Map(
      Array.from({ length: 2100 }, (_, at) => [`p${at}`, { tile: '32x32', timed: true, at } as const]),
    );
    const kept = readRecord(facts, writeRecord(facts, many));
    expect([kept.size, kept.has('p2099'), kept.has('p99')]).toEqual([2000, true, false]);
  });

  it('is told in a few words', () => {
    expect(recordSummary(facts, writeRecord(facts, table))).toBe('3 products tuned, most with tiles of 64x64w');
    const [one] = table;
    expect(recordSummary(facts, writeRecord(facts, new Map([one])))).toBe('1 product tuned, most with tiles of 64x64w');
    expect(recordSummary(facts, undefined)).toBeUndefined();
  });
});
