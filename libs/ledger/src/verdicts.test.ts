import { describe, expect, it } from 'vitest';
import { inOwnFolder, HEADER, linesOf, prove, run, step } from './ledger-fixture.ts';
import type { EvaluatedLine, HeaderLine } from './record.ts';
import { LedgerWriter } from './writer.ts';

inOwnFolder();

const STOPPING: HeaderLine = {
  ...HEADER,
  earlyStop: 'frechet',
  earlyStopPatience: 1,
  earlyStopMinDelta: 0,
  earlyStopEvery: 2,
};

const FIRST: EvaluatedLine = {
  kind: 'evaluated',
  ...{ step: 2, at: 4, metric: 'frechet', value: 50 },
  ...{ best: 50, bestStep: 2, waited: 0, verdict: 'goes-on' },
};
const SECOND: EvaluatedLine = { ...FIRST, step: 4, at: 6, value: 60, waited: 1, verdict: 'ends' };

/** A ledger of the steps and scores in their order. */
async function ledger(header: HeaderLine, ...lines: readonly (number | EvaluatedLine)[]): Promise<void> {
  const writer = await LedgerWriter.create(run, header);
  for (const line of lines) {
    if (typeof line === 'number') writer.step(step(line));
    else writer.evaluated(line);
  }
  await writer.close();
}

describe('a ledger of a run that stops early', () => {
  it('has its scores and proves the verdicts', async () => {
    await ledger(STOPPING, 1, 2, 3, 4, FIRST, 5, 6, SECOND);
    expect((await prove()).steps).toBe(6);
    const { lines } = await linesOf();
    expect(lines.map(({ line }) => line).filter(({ kind }) => kind === 'evaluated')).toEqual([FIRST, SECOND]);
  });

  it.each([
    ['a verdict that does not follow', [1, 2, 3, 4, FIRST, 5, 6, { ...SECOND, verdict: 'goes-on' }], 9, 'verdict'],
    ['a best score that does not follow', [1, 2, 3, 4, { ...FIRST, best: 49 }], 6, 'best'],
    ['a count that does not follow', [1, 2, 3, 4, { ...FIRST, waited: 1 }], 6, 'waited'],
    ['another score', [1, 2, 3, 4, { ...FIRST, metric: 'recall' }], 6, 'metric'],
    ['an effect at another step', [1, 2, 3, FIRST], 5, 'at'],
    ['a score left out', [1, 2, 3, 4, 5], 6, 'step'],
    ['a score twice', [1, 2, 3, 4, FIRST, FIRST], 7, 'step'],
    ['a step behind the end', [1, 2, 3, 4, FIRST, 5, 6, SECOND, 7], 10, 'step'],
  ] as [string, (number | EvaluatedLine)[], number, string][])('refuses %s', async (_, lines, line, field) => {
    await ledger(STOPPING, ...lines);
    await expect(prove()).rejects.toMatchObject({ code: 'ledger-order', line, field });
  });

  it('has no scores where it does not', async () => {
    await ledger(HEADER, 1, 2, 3, 4, FIRST);
    await expect(prove()).rejects.toMatchObject({ code: 'ledger-order', line: 6, field: 'kind' });
  });
});
